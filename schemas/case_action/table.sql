-- Where the events of schemas/case_action are stored, one row for each. Only ever added to.
create table events.case_action (
    event_id uuid not null constraint case_action_pkey primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    stored_at timestamptz not null default now(),
    producer_id text not null,
    is_test boolean not null,
    source_id integer not null,
    topic_offset bigint not null,
    content_hash bytea not null,
    action_id uuid not null,
    case_id uuid not null,
    case_no text not null,
    case_kind text not null,
    action_type text not null,
    action_result text,
    from_status text not null,
    to_status text not null,
    case_version integer not null,
    actor_unit_code text not null,
    actor_role text not null,
    actor_ref text not null,
    target_unit_code text,
    limit_type text,
    limit_value integer,
    due_at timestamptz,
    reason_code text,
    note text,
    approved_by_ref text,
    photo_kind text,
    object_key text,
    sha256 text,
    action_lon double precision,
    action_lat double precision,
    distance_to_case_m real,
    merged_into_case_id uuid,
    repeat_of_case_id uuid,
    reply_channel text,
    reply_digest text,
    photos json,
    source_crs text,
    wgs84_longitude double precision,
    wgs84_latitude double precision,
    located_grid_code text,
    located_community_code text,
    located_subdistrict_code text,
    located_version integer
);

create trigger refuse_change before update or delete on events.case_action
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.case_action
    for each statement execute function events.refuse_change();

grant select, insert on events.case_action to gridloop_ingest;

comment on table events.case_action is
    'One step that somebody took in a case. Actions are only ever added; the state of a case is what they add up to. 案件办理中的一个步骤。动作只增不改，案件状态由各动作累积得出。';
comment on column events.case_action.event_id is
    'Identity of the event, made once at its source. The same id sent twice is stored once. 事件编号，在源头生成一次；同一编号重复发送只存一次。';
comment on column events.case_action.occurred_at is
    'When it happened or was seen, by the sender''s clock. UTC, microseconds. 发生或被发现的时间，以发送方时钟为准（UTC，微秒）。';
comment on column events.case_action.recorded_at is
    'When the sender wrote it down. Far behind occurred_at it shows a record that was entered later. UTC, microseconds. 发送方记录的时间；明显晚于发生时间即为事后补录（UTC，微秒）。';
comment on column events.case_action.stored_at is
    'When the transaction that stored the row began, by the database''s clock. 入库事务开始的时间，以数据库时钟为准。';
comment on column events.case_action.producer_id is
    'The name that the sending device or app gives itself. A claim, not a proof, until events are signed. 发送设备或应用自报的名称；在事件签名之前只是声明，不是证明。';
comment on column events.case_action.is_test is
    'True for drills and tests (CAP status Exercise and Test). Such events are linked only with each other and stay outside audits unless asked for. 演练或测试为真；此类事件只在彼此之间关联，未经要求不进入审计。';
comment on column events.case_action.source_id is
    'The topic partition that it came from, as in bus.source. 来源主题分区，见 bus.source。';
comment on column events.case_action.topic_offset is
    'Its offset in that partition. 在该分区中的偏移量。';
comment on column events.case_action.content_hash is
    'SHA-256 of the content without recorded_at. It tells the same event sent again from other content under the same id. 内容（不含 recorded_at）的 SHA-256，用于区分重复发送与同号异文。';
comment on column events.case_action.action_id is
    'Identity of the action in the actor''s own system. 动作在办理方系统中的编号。';
comment on column events.case_action.case_id is
    'The case. It may also be the id of a report that was linked to a case: then the report is answered and the case does not move. 案件编号；也可为已并入案件的报告编号，此时只答复该报告，案件状态不变。';
comment on column events.case_action.case_no is
    'Number of the case as people write it. 案件的文书编号。';
comment on column events.case_action.case_kind is
    'What the case grew out of. 案件来源类别。';
comment on column events.case_action.action_type is
    'What was done. Which fields a type needs is checked when the action is applied to its case, not here. 动作类型；各类型必填的字段在动作作用于案件时检查，此处不查。';
comment on column events.case_action.action_result is
    'How it went: EXISTS, NOT_EXISTS or UNABLE for VERIFY, PASS, FAIL or UNABLE for CHECK. 动作结果：VERIFY 为 EXISTS、NOT_EXISTS、UNABLE；CHECK 为 PASS、FAIL、UNABLE。';
comment on column events.case_action.from_status is
    'State of the case before the action, as the actor saw it. 办理人所见的动作前状态。';
comment on column events.case_action.to_status is
    'State of the case that the action asks for. 动作要求的案件状态。';
comment on column events.case_action.case_version is
    'Version that the case has after the action: a new case has 1, its first action says 2. Of two actions with one version only one is applied. 动作之后案件的版本号：新案件为 1，首个动作为 2；同一版本的两个动作只有一个生效。';
comment on column events.case_action.actor_unit_code is
    'The unit that acted. 办理单位代码。';
comment on column events.case_action.actor_role is
    'Role of the one who acted, such as COLLECTOR, ACCEPTOR, DISPATCHER, HANDLER, CHECKER or LEADER. 办理人角色，如 COLLECTOR、ACCEPTOR、DISPATCHER、HANDLER、CHECKER、LEADER。';
comment on column events.case_action.actor_ref is
    'Pseudonym of the person who acted, never a name. 办理人代号，不是姓名。';
comment on column events.case_action.target_unit_code is
    'The unit that has to act next. Needed for DISPATCH and RETURN. 下一步应办理的单位代码；DISPATCH、RETURN 必填。';
comment on column events.case_action.limit_type is
    'How the time limit is counted; URGENT_HOUR runs through nights and holidays. Needed for DISPATCH. 时限计算方式；URGENT_HOUR 不扣除夜间与节假日。DISPATCH 必填。';
comment on column events.case_action.limit_value is
    'Length of the time limit, in the unit of limit_type. Needed for DISPATCH. 时限长度，单位见 limit_type；DISPATCH 必填。';
comment on column events.case_action.due_at is
    'When it is due, as the sender reckons; a different result of the consumer is kept beside it. Needed for DISPATCH and EXTEND. UTC, microseconds. 发送方算得的到期时间；消费端结果不同时两者并存。DISPATCH、EXTEND 必填（UTC，微秒）。';
comment on column events.case_action.reason_code is
    'Why it was done, as a code. Needed for NOT_FILE, RETURN, EXTEND, SUSPEND, FORCE_CLOSE and MERGE. 原因代码；NOT_FILE、RETURN、EXTEND、SUSPEND、FORCE_CLOSE、MERGE 必填。';
comment on column events.case_action.note is
    'Free text beside reason_code. Producers refuse resident ids and mobile numbers in it. 原因说明；含有居民身份证号或手机号的，发送端拒收。';
comment on column events.case_action.approved_by_ref is
    'Pseudonym of the second person, who approved. Needed for EXTEND, SUSPEND and FORCE_CLOSE. 批准人代号（双人规则）；EXTEND、SUSPEND、FORCE_CLOSE 必填。';
comment on column events.case_action.photo_kind is
    'What the photo in object_key shows. An action with several photos lists them in photos. object_key 所指照片的类别；多张照片列入 photos。';
comment on column events.case_action.object_key is
    'Key of the photo in the object store. ARRIVE, RECTIFY and CHECK need one here or in photos. 照片在对象存储中的键；ARRIVE、RECTIFY、CHECK 须在此处或 photos 中提供照片。';
comment on column events.case_action.sha256 is
    'SHA-256 of the photo''s bytes, in hex. 照片字节的 SHA-256（十六进制）。';
comment on column events.case_action.action_lon is
    'Longitude in degrees of where the actor was, as reported, in source_crs. 办理人所在位置经度（度），坐标系见 source_crs。';
comment on column events.case_action.action_lat is
    'Latitude in degrees of where the actor was, as reported, in source_crs. 办理人所在位置纬度（度），坐标系见 source_crs。';
comment on column events.case_action.distance_to_case_m is
    'Distance from the actor to the case, in metres, as the sender reckons it. 发送方算得的办理人与案件位置的距离（米）。';
comment on column events.case_action.merged_into_case_id is
    'The case that this one was merged into. Needed for MERGE. 并入的案件编号；MERGE 必填。';
comment on column events.case_action.repeat_of_case_id is
    'The earlier case that this one repeats. 重复发生时，所重复的前一案件编号。';
comment on column events.case_action.reply_channel is
    'How the answer reached those who asked. Needed for PUBLISH_REPLY. 答复渠道；PUBLISH_REPLY 必填。';
comment on column events.case_action.reply_digest is
    'The answer in short, in free text. Needed for PUBLISH_REPLY; producers refuse resident ids and mobile numbers in it. 答复摘要；PUBLISH_REPLY 必填，含有居民身份证号或手机号的，发送端拒收。';
comment on column events.case_action.photos is
    'All photos of the action when it has more than one. 动作附有多张照片时的全部照片。';
comment on column events.case_action.source_crs is
    'Coordinate system of the reported position. GCJ-02 and BD-09 lie hundreds of metres off WGS-84, and a position whose system is UNKNOWN cannot be placed. 上报位置所用的坐标系；GCJ-02、BD-09 与 WGS-84 相差数百米，坐标系为 UNKNOWN 的位置无法落图。';
comment on column events.case_action.wgs84_longitude is
    'Longitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 经度（度）；无位置则为空。';
comment on column events.case_action.wgs84_latitude is
    'Latitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 纬度（度）；无位置则为空。';
comment on column events.case_action.located_grid_code is
    'The grid in which the position lies. Null outside every grid. 位置所在网格；在所有网格之外则为空。';
comment on column events.case_action.located_community_code is
    'The community in which the position lies. Null outside every community. 位置所在社区；在所有社区之外则为空。';
comment on column events.case_action.located_subdistrict_code is
    'The sub-district or town in which the position lies. Null outside every one. 位置所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.case_action.located_version is
    'Version of the reference areas in which the position was looked up. 查找位置所用区域参考数据的版本。';
