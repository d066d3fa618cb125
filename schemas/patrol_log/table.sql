-- Where the events of schemas/patrol_log are stored, one row for each. Only ever added to.
create table events.patrol_log (
    event_id uuid not null constraint patrol_log_pkey primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    stored_at timestamptz not null default now(),
    producer_id text not null,
    is_test boolean not null,
    source_id integer not null,
    topic_offset bigint not null,
    content_hash bytea not null,
    patrol_id uuid not null,
    grid_code text not null,
    grid_kind text not null,
    community_code text not null,
    subdistrict_code text not null,
    activity_type text not null,
    led_by text not null,
    shift_kind text not null,
    started_at timestamptz not null,
    ended_at timestamptz,
    police_count integer not null,
    grid_worker_count integer not null,
    party_member_count integer not null,
    volunteer_count integer not null,
    team_lead_ref text not null,
    track_length_m real,
    start_lon double precision,
    start_lat double precision,
    households_visited integer,
    persons_reached integer,
    warning_channel text,
    warning_template_id text,
    information_items json,
    subject_refs text[],
    raised_case_ids uuid[],
    waste_volume_m3 real,
    adverts_removed integer,
    wires_fixed integer,
    meeting_decisions json,
    attachment_object_keys text[],
    attachment_sha256 text[],
    remark text,
    category text,
    category_scheme text,
    source_crs text,
    wgs84_longitude double precision,
    wgs84_latitude double precision,
    located_grid_code text,
    located_community_code text,
    located_subdistrict_code text,
    located_version integer
);

create trigger refuse_change before update or delete on events.patrol_log
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.patrol_log
    for each statement execute function events.refuse_change();

grant select, insert on events.patrol_log to gridloop_ingest;

comment on table events.patrol_log is
    'One activity of one team in one grid: a patrol, a talk, a meeting or a clean-up. It counts people and never names them. 一支队伍在一个网格内的一次活动：巡逻、宣传、会议或清洁。只记人数，不记姓名。';
comment on column events.patrol_log.event_id is
    'Identity of the event, made once at its source. The same id sent twice is stored once. 事件编号，在源头生成一次；同一编号重复发送只存一次。';
comment on column events.patrol_log.occurred_at is
    'When it happened or was seen, by the sender''s clock. UTC, microseconds. 发生或被发现的时间，以发送方时钟为准（UTC，微秒）。';
comment on column events.patrol_log.recorded_at is
    'When the sender wrote it down. Far behind occurred_at it shows a record that was entered later. UTC, microseconds. 发送方记录的时间；明显晚于发生时间即为事后补录（UTC，微秒）。';
comment on column events.patrol_log.stored_at is
    'When the transaction that stored the row began, by the database''s clock. 入库事务开始的时间，以数据库时钟为准。';
comment on column events.patrol_log.producer_id is
    'The name that the sending device or app gives itself. A claim, not a proof, until events are signed. 发送设备或应用自报的名称；在事件签名之前只是声明，不是证明。';
comment on column events.patrol_log.is_test is
    'True for drills and tests (CAP status Exercise and Test). Such events are linked only with each other and stay outside audits unless asked for. 演练或测试为真；此类事件只在彼此之间关联，未经要求不进入审计。';
comment on column events.patrol_log.source_id is
    'The topic partition that it came from, as in bus.source. 来源主题分区，见 bus.source。';
comment on column events.patrol_log.topic_offset is
    'Its offset in that partition. 在该分区中的偏移量。';
comment on column events.patrol_log.content_hash is
    'SHA-256 of the content without recorded_at. It tells the same event sent again from other content under the same id. 内容（不含 recorded_at）的 SHA-256，用于区分重复发送与同号异文。';
comment on column events.patrol_log.patrol_id is
    'Identity of the activity. A later record with the same id revises this one. 活动编号；同一编号的后续记录是对本记录的修订。';
comment on column events.patrol_log.grid_code is
    'The grid in which the team worked, as the sender knows it; empty if it does not. What the position shows is kept apart as located_grid_code. 发送方填报的网格代码，不知则为空字符串；按位置判定的结果另存于 located_grid_code。';
comment on column events.patrol_log.grid_kind is
    'Whether it is a basic or a dedicated grid; they are counted apart. 基础网格或专属网格，分别统计。';
comment on column events.patrol_log.community_code is
    'Statistical division code of the grid''s community, as the sender knows it; empty if it does not. 网格所属社区的统计区划代码，不知则为空字符串。';
comment on column events.patrol_log.subdistrict_code is
    'Statistical division code of the community''s sub-district, as the sender knows it; empty if it does not. 社区所属街道的统计区划代码，不知则为空字符串。';
comment on column events.patrol_log.activity_type is
    'What the team did. 活动类型。';
comment on column events.patrol_log.led_by is
    'Who took the lead. It tells a clean-up led by the grid from a patrol led by the police. 牵头方，用于区分网格牵头的清洁与公安牵头的巡逻。';
comment on column events.patrol_log.shift_kind is
    'The shift. STAGGERED_EVENING is work moved to the hours when residents are at home. 班次；STAGGERED_EVENING 为居民在家时段的错时工作。';
comment on column events.patrol_log.started_at is
    'When the activity began. UTC, microseconds. 开始时间（UTC，微秒）。';
comment on column events.patrol_log.ended_at is
    'When the activity ended; null while it goes on. UTC, microseconds. 结束时间，进行中为空（UTC，微秒）。';
comment on column events.patrol_log.police_count is
    'Police officers in the team. 参加的民警人数。';
comment on column events.patrol_log.grid_worker_count is
    'Grid workers in the team. 参加的网格员人数。';
comment on column events.patrol_log.party_member_count is
    'Party members in the team who reported for service. 参加的报到党员人数。';
comment on column events.patrol_log.volunteer_count is
    'Volunteers in the team. 参加的志愿者人数。';
comment on column events.patrol_log.team_lead_ref is
    'Pseudonym of the person who led the team, never a name. 带队人员的代号，不是姓名。';
comment on column events.patrol_log.track_length_m is
    'Length of the way that the team went, in metres. The way itself shows where officers are and is not sent. 行进轨迹长度（米）；轨迹本身涉及人员行踪，不发送。';
comment on column events.patrol_log.start_lon is
    'Longitude in degrees of where the activity began, as reported, in source_crs. With a category it is the place of the problem. 活动起点经度（度），坐标系见 source_crs；填有 category 时即问题所在位置。';
comment on column events.patrol_log.start_lat is
    'Latitude in degrees of where the activity began, as reported, in source_crs. With a category it is the place of the problem. 活动起点纬度（度），坐标系见 source_crs；填有 category 时即问题所在位置。';
comment on column events.patrol_log.households_visited is
    'Households visited. 走访户数。';
comment on column events.patrol_log.persons_reached is
    'Persons reached by the activity. 覆盖人数。';
comment on column events.patrol_log.warning_channel is
    'How a warning against fraud was spread. 反诈预警的传播渠道。';
comment on column events.patrol_log.warning_template_id is
    'The text of the warning, by its id. 预警文本的编号。';
comment on column events.patrol_log.information_items is
    'What was learnt, as a count for each kind. Nothing about single persons. 采集到的信息，按类别计数；不含个人信息。';
comment on column events.patrol_log.subject_refs is
    'Keyed-hash tokens of the persons concerned. Their names and numbers stay in a separate store. 相关人员的加密哈希代号；姓名与号码另行保存。';
comment on column events.patrol_log.raised_case_ids is
    'Ids of the cases that the team raised. A record with a category has exactly one. 本次活动提出的案件编号；填有 category 时应恰为一个。';
comment on column events.patrol_log.waste_volume_m3 is
    'Waste cleared away, in cubic metres. 清运垃圾体积（立方米）。';
comment on column events.patrol_log.adverts_removed is
    'Illegal adverts taken down. 清除小广告数量。';
comment on column events.patrol_log.wires_fixed is
    'Loose wires put in order. 整理飞线数量。';
comment on column events.patrol_log.meeting_decisions is
    'What a joint meeting decided, each with the unit that carries it out. 联席会议议定事项，每项均有责任单位。';
comment on column events.patrol_log.attachment_object_keys is
    'Keys of the evidence in the object store, in the order of attachment_sha256. 佐证材料在对象存储中的键，与 attachment_sha256 次序一致。';
comment on column events.patrol_log.attachment_sha256 is
    'SHA-256 of each piece of evidence, in hex, in the order of attachment_object_keys. 各佐证材料的 SHA-256（十六进制），与 attachment_object_keys 次序一致。';
comment on column events.patrol_log.remark is
    'Free text. Producers refuse resident ids and mobile numbers in it. 备注；含有居民身份证号或手机号的，发送端拒收。';
comment on column events.patrol_log.category is
    'The problem that was seen, as a code of category_scheme. It makes the record open or join a case, hence the fields it requires. 发现的问题类别（category_scheme 的代码）；填写后本记录将立案或并入案件，故须填其所需字段。';
comment on column events.patrol_log.category_scheme is
    'The code list, with its version, that the category of this record is taken from, such as GB/T30428.2-2013 or local-2026. 本记录类别代码所依据的分类表及版本，如 GB/T30428.2-2013、local-2026。';
comment on column events.patrol_log.source_crs is
    'Coordinate system of the reported position. GCJ-02 and BD-09 lie hundreds of metres off WGS-84, and a position whose system is UNKNOWN cannot be placed. 上报位置所用的坐标系；GCJ-02、BD-09 与 WGS-84 相差数百米，坐标系为 UNKNOWN 的位置无法落图。';
comment on column events.patrol_log.wgs84_longitude is
    'Longitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 经度（度）；无位置则为空。';
comment on column events.patrol_log.wgs84_latitude is
    'Latitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 纬度（度）；无位置则为空。';
comment on column events.patrol_log.located_grid_code is
    'The grid in which the position lies. Null outside every grid. 位置所在网格；在所有网格之外则为空。';
comment on column events.patrol_log.located_community_code is
    'The community in which the position lies. Null outside every community. 位置所在社区；在所有社区之外则为空。';
comment on column events.patrol_log.located_subdistrict_code is
    'The sub-district or town in which the position lies. Null outside every one. 位置所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.patrol_log.located_version is
    'Version of the reference areas in which the position was looked up. 查找位置所用区域参考数据的版本。';
