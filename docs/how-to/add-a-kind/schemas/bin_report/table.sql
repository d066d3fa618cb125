-- Where the events of schemas/bin_report are stored, one row for each. Only ever added to.
create table events.bin_report (
    event_id uuid not null constraint bin_report_pkey primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    stored_at timestamptz not null default now(),
    producer_id text not null,
    is_test boolean not null,
    source_id integer not null,
    topic_offset bigint not null,
    content_hash bytea not null,
    bin_id text not null,
    fill_percent integer not null,
    temperature_c real,
    longitude double precision not null,
    latitude double precision not null,
    source_crs text not null,
    wgs84_longitude double precision,
    wgs84_latitude double precision,
    located_grid_code text,
    located_community_code text,
    located_subdistrict_code text,
    located_version integer
);

create trigger refuse_change before update or delete on events.bin_report
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.bin_report
    for each statement execute function events.refuse_change();

grant select, insert on events.bin_report to gridloop_ingest;

comment on table events.bin_report is
    'What the sensor in one public rubbish bin reports: how full it is, and how hot. 一只公共垃圾桶的传感器所报：满溢程度与温度。';
comment on column events.bin_report.event_id is
    'Identity of the event, made once at its source. The same id sent twice is stored once. 事件编号，在源头生成一次；同一编号重复发送只存一次。';
comment on column events.bin_report.occurred_at is
    'When it happened or was seen, by the sender''s clock. UTC, microseconds. 发生或被发现的时间，以发送方时钟为准（UTC，微秒）。';
comment on column events.bin_report.recorded_at is
    'When the sender wrote it down. Far behind occurred_at it shows a record that was entered later. UTC, microseconds. 发送方记录的时间；明显晚于发生时间即为事后补录（UTC，微秒）。';
comment on column events.bin_report.stored_at is
    'When the transaction that stored the row began, by the database''s clock. 入库事务开始的时间，以数据库时钟为准。';
comment on column events.bin_report.producer_id is
    'The name that the sending device or app gives itself. A claim, not a proof, until events are signed. 发送设备或应用自报的名称；在事件签名之前只是声明，不是证明。';
comment on column events.bin_report.is_test is
    'True for drills and tests (CAP status Exercise and Test). Such events are linked only with each other and stay outside audits unless asked for. 演练或测试为真；此类事件只在彼此之间关联，未经要求不进入审计。';
comment on column events.bin_report.source_id is
    'The topic partition that it came from, as in bus.source. 来源主题分区，见 bus.source。';
comment on column events.bin_report.topic_offset is
    'Its offset in that partition. 在该分区中的偏移量。';
comment on column events.bin_report.content_hash is
    'SHA-256 of the content without recorded_at. It tells the same event sent again from other content under the same id. 内容（不含 recorded_at）的 SHA-256，用于区分重复发送与同号异文。';
comment on column events.bin_report.bin_id is
    'The bin, by the number on its plate. All reports of one bin have the same. 垃圾桶编号，即桶上铭牌的号码；同一只桶的各条记录相同。';
comment on column events.bin_report.fill_percent is
    'How full it is. 满溢程度（百分比）。';
comment on column events.bin_report.temperature_c is
    'Temperature inside, in degrees Celsius. A bin that burns shows here first. 桶内温度（摄氏度）；起火的桶最先在此显现。';
comment on column events.bin_report.longitude is
    'Longitude in degrees, as reported, in the system that source_crs names. It stays as it came, so there is no source_longitude: the consumer adds wgs84_longitude. 上报的经度（度），坐标系见 source_crs；原值保留，不另设 source_longitude，由消费端另加 wgs84_longitude。';
comment on column events.bin_report.latitude is
    'Latitude in degrees, as reported, in the system that source_crs names. It stays as it came, so there is no source_latitude: the consumer adds wgs84_latitude. 上报的纬度（度），坐标系见 source_crs；原值保留，不另设 source_latitude，由消费端另加 wgs84_latitude。';
comment on column events.bin_report.source_crs is
    'Coordinate system of the reported position. GCJ-02 and BD-09 lie hundreds of metres off WGS-84, and a position whose system is UNKNOWN cannot be placed. 上报位置所用的坐标系；GCJ-02、BD-09 与 WGS-84 相差数百米，坐标系为 UNKNOWN 的位置无法落图。';
comment on column events.bin_report.wgs84_longitude is
    'Longitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 经度（度）；无位置则为空。';
comment on column events.bin_report.wgs84_latitude is
    'Latitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 纬度（度）；无位置则为空。';
comment on column events.bin_report.located_grid_code is
    'The grid in which the position lies. Null outside every grid. 位置所在网格；在所有网格之外则为空。';
comment on column events.bin_report.located_community_code is
    'The community in which the position lies. Null outside every community. 位置所在社区；在所有社区之外则为空。';
comment on column events.bin_report.located_subdistrict_code is
    'The sub-district or town in which the position lies. Null outside every one. 位置所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.bin_report.located_version is
    'Version of the reference areas in which the position was looked up. 查找位置所用区域参考数据的版本。';
