// Baseline.java - Flink's JDBC sink, exactly once (XA), from a topic of single-object-encoded Avro into a table whose
// columns are the schema's fields. It runs in a local mini cluster until it is stopped.
//
//   java -cp ... Baseline BOOTSTRAP TOPIC GROUP SCHEMA-FILE JDBC-URL TABLE FOLDER
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

import com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.functions.RichFilterFunction;
import org.apache.flink.api.common.serialization.AbstractDeserializationSchema;
import org.apache.flink.api.common.state.StateTtlConfig;
import org.apache.flink.api.common.state.ValueState;
import org.apache.flink.api.common.state.ValueStateDescriptor;
import org.apache.flink.api.java.functions.KeySelector;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.connector.jdbc.JdbcExactlyOnceOptions;
import org.apache.flink.connector.jdbc.JdbcExecutionOptions;
import org.apache.flink.connector.jdbc.JdbcStatementBuilder;
import org.apache.flink.connector.jdbc.core.datastream.sink.JdbcSink;
import org.apache.flink.connector.kafka.source.KafkaSource;
import org.apache.flink.connector.kafka.source.enumerator.initializer.OffsetsInitializer;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.postgresql.xa.PGXADataSource;

public final class Baseline {
    private static final int PARALLELISM = 2;
    private static final int BATCH = 5000;
    private static final long CHECKPOINT_MS = 1000;
    private static final Duration REMEMBERED = Duration.ofSeconds(30);
    private static final int FRAME = 10; // C3 01 and the schema's fingerprint
    private static final int UUID_TEXT = 36;
    private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss'Z'");
    private static final DateTimeFormatter MICROS = DateTimeFormatter.ofPattern("yyyy-MM-dd'T'HH:mm:ss.SSSSSS'Z'");

    public static void main(String[] args) throws Exception {
        String schema = Files.readString(Path.of(args[3]));
        StreamExecutionEnvironment env = environment(args[6]);
        env.fromSource(source(args[0], args[1], args[2]), WatermarkStrategy.noWatermarks(), "topic")
                .keyBy(new EventId())
                .filter(new First())
                .sinkTo(sink(new Row(schema), args[4], args[5]));
        env.execute("baseline");
    }

    private static StreamExecutionEnvironment environment(String folder) {
        Configuration configuration = new Configuration();
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        configuration.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        configuration.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, Path.of(folder).toUri().toString());
        StreamExecutionEnvironment env = StreamExecutionEnvironment.createLocalEnvironment(PARALLELISM, configuration);
        env.enableCheckpointing(CHECKPOINT_MS);
        env.getConfig().enableObjectReuse();
        return env;
    }

    private static KafkaSource<byte[]> source(String bootstrap, String topic, String group) {
        return KafkaSource.<byte[]>builder()
                .setBootstrapServers(bootstrap)
                .setTopics(topic)
                .setGroupId(group)
                .setStartingOffsets(OffsetsInitializer.earliest())
                .setValueOnlyDeserializer(new Bytes())
                .build();
    }

    private static JdbcSink<byte[]> sink(Row row, String url, String table) {
        return JdbcSink.<byte[]>builder()
                .withExecutionOptions(JdbcExecutionOptions.builder()
                        .withMaxRetries(0) // XA demands it
                        .withBatchSize(BATCH)
                        .build())
                .withQueryStatement(row.insert(table), row)
                .buildExactlyOnce(
                        // PostgreSQL ties a transaction to its connection until it is prepared.
                        JdbcExactlyOnceOptions.builder().withTransactionPerConnection(true).build(),
                        () -> {
                            PGXADataSource database = new PGXADataSource();
                            database.setUrl(url);
                            return database;
                        });
    }

    static final class Bytes extends AbstractDeserializationSchema<byte[]> {
        @Override
        public byte[] deserialize(byte[] message) {
            return message;
        }
    }

    /** The first field of the schema, behind its length of one byte: decoded later, where the row is made. */
    static final class EventId implements KeySelector<byte[], String> {
        @Override
        public String getKey(byte[] message) {
            return new String(message, FRAME + 1, UUID_TEXT, StandardCharsets.ISO_8859_1);
        }
    }

    /**
     * Drops what has just been seen. ON CONFLICT alone does not do: an id of a transaction that is prepared and not yet
     * committed makes the insert wait for it, in the very thread that would commit it. What is older than the state's
     * time to live is committed, and left to ON CONFLICT.
     */
    static final class First extends RichFilterFunction<byte[]> {
        private transient ValueState<Boolean> seen;

        @Override
        public void open(OpenContext context) {
            ValueStateDescriptor<Boolean> descriptor = new ValueStateDescriptor<>("seen", Boolean.class);
            descriptor.enableTimeToLive(StateTtlConfig.newBuilder(REMEMBERED).build());
            seen = getRuntimeContext().getState(descriptor);
        }

        @Override
        public boolean filter(byte[] message) throws IOException {
            boolean first = seen.value() == null;
            seen.update(true);
            return first;
        }
    }

    /** What becomes of a field. */
    enum Kind {
        BOOLEAN(Types.BOOLEAN), INT(Types.INTEGER), FLOAT(Types.REAL), DOUBLE(Types.DOUBLE), TEXT(Types.VARCHAR),
        UUID(Types.VARCHAR), TIME(Types.TIMESTAMP_WITH_TIMEZONE), TEXTS(Types.ARRAY), UUIDS(Types.ARRAY),
        JSON(Types.VARCHAR);

        final int type;

        Kind(int type) {
            this.type = type;
        }

        static Kind of(Schema schema) {
            boolean isUuid = "uuid".equals(schema.getProp("logicalType"));
            return switch (schema.getType()) {
                case BOOLEAN -> BOOLEAN;
                case INT -> INT;
                case LONG -> TIME;
                case FLOAT -> FLOAT;
                case DOUBLE -> DOUBLE;
                case STRING -> isUuid ? UUID : TEXT;
                case ENUM -> TEXT;
                case ARRAY -> switch (of(schema.getElementType())) {
                    case TEXT -> TEXTS;
                    case UUID -> UUIDS;
                    default -> JSON;
                };
                case RECORD -> JSON;
                default -> throw new IllegalArgumentException("no column for " + schema);
            };
        }
    }

    /** Makes rows of messages: one column for each field of the schema, which writers and readers share. */
    static final class Row implements JdbcStatementBuilder<byte[]>, Serializable {
        private final String text;
        private transient Kind[] kinds;
        private transient GenericDatumReader<GenericRecord> reader;
        private transient BinaryDecoder decoder;
        private transient GenericRecord record;
        private transient ObjectMapper json;

        Row(String text) {
            this.text = text;
        }

        private static Schema notNull(Schema schema) {
            return schema.isUnion() ? schema.getTypes().get(1) : schema;
        }

        private static Kind[] kinds(Schema schema) {
            return schema.getFields().stream().map(field -> Kind.of(notNull(field.schema()))).toArray(Kind[]::new);
        }

        private static String parameter(Kind kind) {
            return kind == Kind.UUID ? "?::uuid" : kind == Kind.JSON ? "?::json" : "?";
        }

        String insert(String table) {
            List<Schema.Field> fields = new Schema.Parser().parse(text).getFields();
            return "insert into " + table
                    + fields.stream().map(Schema.Field::name).collect(Collectors.joining(", ", " (", ")"))
                    + fields.stream().map(field -> parameter(Kind.of(notNull(field.schema()))))
                            .collect(Collectors.joining(", ", " values (", ")"))
                    + " on conflict do nothing";
        }

        private void prepare() {
            Schema schema = new Schema.Parser().parse(text);
            kinds = kinds(schema);
            reader = new GenericDatumReader<>(schema);
            json = new ObjectMapper();
        }

        @Override
        public void accept(PreparedStatement statement, byte[] message) throws SQLException {
            if (reader == null) {
                prepare();
            }
            try {
                decoder = DecoderFactory.get().binaryDecoder(message, FRAME, message.length - FRAME, decoder);
                record = reader.read(record, decoder);
                for (int i = 0; i < kinds.length; i++) {
                    set(statement, i + 1, kinds[i], record.get(i));
                }
            } catch (IOException e) {
                throw new SQLException(e);
            }
        }

        private void set(PreparedStatement statement, int number, Kind kind, Object value)
                throws SQLException, IOException {
            if (value == null) {
                statement.setNull(number, kind.type);
                return;
            }
            switch (kind) {
                case BOOLEAN -> statement.setBoolean(number, (Boolean) value);
                case INT -> statement.setInt(number, (Integer) value);
                case FLOAT -> statement.setFloat(number, (Float) value);
                case DOUBLE -> statement.setDouble(number, (Double) value);
                case TIME -> statement.setObject(number, time((Long) value));
                case TEXT, UUID -> statement.setString(number, value.toString());
                case TEXTS -> statement.setArray(number, statement.getConnection().createArrayOf("text", texts(value)));
                case UUIDS -> statement.setArray(number, statement.getConnection().createArrayOf("uuid", texts(value)));
                case JSON -> statement.setString(number, json.writeValueAsString(plain(value)));
            }
        }

        private static OffsetDateTime time(long micros) {
            return Instant.EPOCH.plus(micros, ChronoUnit.MICROS).atOffset(ZoneOffset.UTC);
        }

        private static Object[] texts(Object value) {
            return ((List<?>) value).stream().map(Object::toString).toArray();
        }

        /** As the contract has it in json columns: times are text, without a fraction where there is none. */
        private static Object plain(Object value) {
            if (value instanceof List<?> items) {
                return items.stream().map(Row::plain).collect(Collectors.toCollection(ArrayList::new));
            }
            if (value instanceof GenericRecord some) {
                Map<String, Object> fields = new LinkedHashMap<>();
                some.getSchema().getFields().forEach(field -> fields.put(field.name(), plain(some.get(field.pos()))));
                return fields;
            }
            return value instanceof Long micros ? time(micros).format(micros % 1_000_000 == 0 ? SECONDS : MICROS)
                    : value instanceof CharSequence ? value.toString() : value;
        }
    }
}
