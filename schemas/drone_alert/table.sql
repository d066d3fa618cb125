-- Where the events of schemas/drone_alert are stored, one row for each. Only ever added to.
create table events.drone_alert (
    event_id uuid not null constraint drone_alert_pkey primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    stored_at timestamptz not null default now(),
    producer_id text not null,
    is_test boolean not null,
    source_id integer not null,
    topic_offset bigint not null,
    content_hash bytea not null,
    alert_id text not null,
    message_type text not null,
    references_alert_id text,
    town_code text not null,
    hangar_id text not null,
    aircraft_id text,
    flight_id text not null,
    track_id text,
    route_id text,
    waypoint_index integer,
    captured_at timestamptz not null,
    longitude double precision not null,
    latitude double precision not null,
    position_kind text not null,
    horizontal_accuracy_m real,
    source_crs text not null,
    relative_altitude_m real,
    ellipsoid_height_m real,
    gimbal_yaw_deg real,
    target_polygon json,
    area_m2 real,
    category_scheme text not null,
    major_class_code text not null,
    minor_class_code text not null,
    detector_label text not null,
    detector_name text not null,
    detector_version text not null,
    confidence real not null,
    bbox_xmin integer,
    bbox_ymin integer,
    bbox_xmax integer,
    bbox_ymax integer,
    certainty text not null,
    urgency text not null,
    severity text not null,
    image_object_key text not null,
    image_sha256 text not null,
    unit_grid_code text,
    wgs84_longitude double precision,
    wgs84_latitude double precision,
    located_grid_code text,
    located_community_code text,
    located_subdistrict_code text,
    located_version integer
);

create trigger refuse_change before update or delete on events.drone_alert
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.drone_alert
    for each statement execute function events.refuse_change();

grant select, insert on events.drone_alert to gridloop_ingest;

comment on table events.drone_alert is
    'What the image analysis of a drone''s patrol reports: something new, a change of it, or its withdrawal. An alert is an observation, not yet a case. 无人机巡查图像识别的报警：新发现、更新或撤回。报警只是一次发现，还不是案件。';
comment on column events.drone_alert.event_id is
    'Identity of the event, made once at its source. The same id sent twice is stored once. 事件编号，在源头生成一次；同一编号重复发送只存一次。';
comment on column events.drone_alert.occurred_at is
    'When it happened or was seen, by the sender''s clock. UTC, microseconds. 发生或被发现的时间，以发送方时钟为准（UTC，微秒）。';
comment on column events.drone_alert.recorded_at is
    'When the sender wrote it down. Far behind occurred_at it shows a record that was entered later. UTC, microseconds. 发送方记录的时间；明显晚于发生时间即为事后补录（UTC，微秒）。';
comment on column events.drone_alert.stored_at is
    'When the transaction that stored the row began, by the database''s clock. 入库事务开始的时间，以数据库时钟为准。';
comment on column events.drone_alert.producer_id is
    'The name that the sending device or app gives itself. A claim, not a proof, until events are signed. 发送设备或应用自报的名称；在事件签名之前只是声明，不是证明。';
comment on column events.drone_alert.is_test is
    'True for drills and tests (CAP status Exercise and Test). Such events are linked only with each other and stay outside audits unless asked for. 演练或测试为真；此类事件只在彼此之间关联，未经要求不进入审计。';
comment on column events.drone_alert.source_id is
    'The topic partition that it came from, as in bus.source. 来源主题分区，见 bus.source。';
comment on column events.drone_alert.topic_offset is
    'Its offset in that partition. 在该分区中的偏移量。';
comment on column events.drone_alert.content_hash is
    'SHA-256 of the content without recorded_at. It tells the same event sent again from other content under the same id. 内容（不含 recorded_at）的 SHA-256，用于区分重复发送与同号异文。';
comment on column events.drone_alert.alert_id is
    'The sender''s own id of the alert, kept as given (CAP identifier). Unique within one producer_id. 报警方自己的编号，原样保留；在同一 producer_id 内唯一。';
comment on column events.drone_alert.message_type is
    'ALERT reports something new; UPDATE revises and CANCEL withdraws the alert that references_alert_id names (CAP msgType). ALERT 为新报警；UPDATE 更新、CANCEL 撤回 references_alert_id 所指的报警。';
comment on column events.drone_alert.references_alert_id is
    'The alert that an UPDATE or CANCEL is about, as an alert_id of the same producer (CAP references). Null for ALERT. UPDATE 或 CANCEL 所针对的报警编号（同一发送方）；ALERT 时为空。';
comment on column events.drone_alert.town_code is
    'Division code of the town that owns the drone patrol. 无人机巡查所属乡镇的区划代码。';
comment on column events.drone_alert.hangar_id is
    'The hangar that the drone flew from. With DJI the serial number of the dock''s gateway. 起飞机库编号；大疆设备为机场网关序列号。';
comment on column events.drone_alert.aircraft_id is
    'The aircraft. With DJI the serial number of the device; aircraft are registered by real name. 航空器编号；大疆设备为机身序列号，航空器须实名登记。';
comment on column events.drone_alert.flight_id is
    'The flight during which the picture was taken (DJI flight_id). 拍摄时的飞行任务编号。';
comment on column events.drone_alert.track_id is
    'The track recorded during the flight (DJI track_id). 飞行中记录的轨迹编号。';
comment on column events.drone_alert.route_id is
    'The preset route (DJI wayline_id), so that flights along one route can be compared. 预设航线编号，便于比较同一航线的多次飞行。';
comment on column events.drone_alert.waypoint_index is
    'Number of the waypoint on the route, counted from 0 (DJI current_waypoint_index). 航线上的航点序号，从 0 起。';
comment on column events.drone_alert.captured_at is
    'When the picture was exposed, not when it was sent. A source without a time zone is converted with that of the hangar. 拍摄曝光的时间，不是发送时间；来源无时区时按机库所在时区换算。';
comment on column events.drone_alert.longitude is
    'Longitude in degrees, as reported, in the system that source_crs names. It stays as it came, so there is no source_longitude: the consumer adds wgs84_longitude. 上报的经度（度），坐标系见 source_crs；原值保留，不另设 source_longitude，由消费端另加 wgs84_longitude。';
comment on column events.drone_alert.latitude is
    'Latitude in degrees, as reported, in the system that source_crs names. It stays as it came, so there is no source_latitude: the consumer adds wgs84_latitude. 上报的纬度（度），坐标系见 source_crs；原值保留，不另设 source_latitude，由消费端另加 wgs84_latitude。';
comment on column events.drone_alert.position_kind is
    'What the position is of: the thing seen, the camera, or the centre of the picture on the ground. An oblique camera can be far from what it sees. 位置的含义：目标、相机或画面地面中心；斜拍时相机可能离目标很远。';
comment on column events.drone_alert.horizontal_accuracy_m is
    'One standard deviation of the position on the ground, in metres. Linking widens its radius by it; null takes the default of the position kind. 位置的水平精度（一倍标准差，米）；关联时据此放宽半径，为空则取该位置类别的默认值。';
comment on column events.drone_alert.source_crs is
    'Coordinate system of the reported position. GCJ-02 and BD-09 lie hundreds of metres off WGS-84, and a position whose system is UNKNOWN cannot be placed. 上报位置所用的坐标系；GCJ-02、BD-09 与 WGS-84 相差数百米，坐标系为 UNKNOWN 的位置无法落图。';
comment on column events.drone_alert.relative_altitude_m is
    'Height of the aircraft above its take-off point, in metres (DJI relative_altitude). 航空器相对起飞点的高度（米）。';
comment on column events.drone_alert.ellipsoid_height_m is
    'Height of the aircraft above the WGS-84 ellipsoid, in metres (DJI height). 航空器的 WGS-84 椭球高（米）。';
comment on column events.drone_alert.gimbal_yaw_deg is
    'Direction in which the camera looked, in degrees clockwise from north (DJI gimbal_yaw_degree). Both -180 to 180 and 0 to 360 are in use. 相机朝向，自正北顺时针（度）；-180 至 180 与 0 至 360 两种写法均可。';
comment on column events.drone_alert.target_polygon is
    'Outline of what was seen, in source_crs: a closed ring of four or more corners, the last one equal to the first (CAP polygon). 目标轮廓（坐标系同 source_crs）：至少四个点的闭合环，末点与首点相同。';
comment on column events.drone_alert.area_m2 is
    'Size of what was seen, in square metres, such as bare soil or a structure. 目标面积（平方米），如裸露黄土或建筑物。';
comment on column events.drone_alert.category_scheme is
    'The code list, with its version, that the category of this record is taken from, such as GB/T30428.2-2013 or local-2026. 本记录类别代码所依据的分类表及版本，如 GB/T30428.2-2013、local-2026。';
comment on column events.drone_alert.major_class_code is
    'Major class in category_scheme. A string, because the length of the codes differs from system to system. 大类代码（按 category_scheme）；各系统位数不同，故用字符串。';
comment on column events.drone_alert.minor_class_code is
    'Minor class in category_scheme. A string, because the length of the codes differs from system to system. 小类代码（按 category_scheme）；各系统位数不同，故用字符串。';
comment on column events.drone_alert.detector_label is
    'The label that the model gave, kept as it came. 识别模型给出的原始标签，原样保留。';
comment on column events.drone_alert.detector_name is
    'Name of the model. 识别模型名称。';
comment on column events.drone_alert.detector_version is
    'Version of the model, so that false alarms can be counted for each. 识别模型版本，便于按版本统计误报。';
comment on column events.drone_alert.confidence is
    'How sure the model is, from 0 to 1. 识别置信度，0 至 1。';
comment on column events.drone_alert.bbox_xmin is
    'Left edge of the box around the target, in pixels from the picture''s left. 目标框左边界，自图像左缘起（像素）。';
comment on column events.drone_alert.bbox_ymin is
    'Top edge of the box around the target, in pixels from the picture''s top. 目标框上边界，自图像上缘起（像素）。';
comment on column events.drone_alert.bbox_xmax is
    'Right edge of the box around the target, in pixels from the picture''s left. 目标框右边界，自图像左缘起（像素）。';
comment on column events.drone_alert.bbox_ymax is
    'Bottom edge of the box around the target, in pixels from the picture''s top. 目标框下边界，自图像上缘起（像素）。';
comment on column events.drone_alert.certainty is
    'How certain it is (CAP certainty). A machine''s alert is LIKELY or POSSIBLE; OBSERVED is for what was verified on the ground. 确定程度；机器报警为 LIKELY 或 POSSIBLE，经地面核实方为 OBSERVED。';
comment on column events.drone_alert.urgency is
    'How soon somebody has to act (CAP urgency). An open fire is IMMEDIATE. 紧迫程度；明火为 IMMEDIATE。';
comment on column events.drone_alert.severity is
    'How grave it is (CAP severity). 严重程度。';
comment on column events.drone_alert.image_object_key is
    'Key of our own copy of the picture in the object store; the links of vendors expire. 图像自存副本在对象存储中的键；厂商链接会失效。';
comment on column events.drone_alert.image_sha256 is
    'SHA-256 of the picture''s bytes, in hex. 图像字节的 SHA-256（十六进制）。';
comment on column events.drone_alert.unit_grid_code is
    'The unit grid that the sending platform found. Empty or null outside every grid. 发送平台给出的单元网格代码；在所有网格之外则为空。';
comment on column events.drone_alert.wgs84_longitude is
    'Longitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 经度（度）；无位置则为空。';
comment on column events.drone_alert.wgs84_latitude is
    'Latitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 纬度（度）；无位置则为空。';
comment on column events.drone_alert.located_grid_code is
    'The grid in which the position lies. Null outside every grid. 位置所在网格；在所有网格之外则为空。';
comment on column events.drone_alert.located_community_code is
    'The community in which the position lies. Null outside every community. 位置所在社区；在所有社区之外则为空。';
comment on column events.drone_alert.located_subdistrict_code is
    'The sub-district or town in which the position lies. Null outside every one. 位置所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.drone_alert.located_version is
    'Version of the reference areas in which the position was looked up. 查找位置所用区域参考数据的版本。';
