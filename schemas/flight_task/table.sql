-- Where the events of schemas/flight_task are stored, one row for each. Only ever added to.
create table events.flight_task (
    event_id uuid not null constraint flight_task_pkey primary key,
    occurred_at timestamptz not null,
    recorded_at timestamptz not null,
    stored_at timestamptz not null default now(),
    producer_id text not null,
    is_test boolean not null,
    source_id integer not null,
    topic_offset bigint not null,
    content_hash bytea not null,
    task_id text not null,
    town_code text not null,
    hangar_id text not null,
    aircraft_id text,
    route_id text not null,
    flight_id text,
    planned_at timestamptz not null,
    started_at timestamptz,
    ended_at timestamptz,
    status text not null,
    reason_code text,
    waypoints_planned integer,
    waypoints_done integer,
    media_expected integer,
    media_uploaded integer,
    wgs84_longitude double precision,
    wgs84_latitude double precision,
    located_grid_code text,
    located_community_code text,
    located_subdistrict_code text,
    located_version integer
);

create trigger refuse_change before update or delete on events.flight_task
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.flight_task
    for each statement execute function events.refuse_change();

grant select, insert on events.flight_task to gridloop_ingest;

comment on table events.flight_task is
    'How one task of a drone hangar stands: a route that is planned, flown or called off, and the pictures that came of it. A later record with the same producer_id and task_id revises this one; the latest tells how the task ended. 一个机库任务的状况：计划、执行或取消的航线，及其拍摄的照片。同一 producer_id 与 task_id 的后续记录是对本记录的修订，以最后一条为准。';
comment on column events.flight_task.event_id is
    'Identity of the event, made once at its source. The same id sent twice is stored once. 事件编号，在源头生成一次；同一编号重复发送只存一次。';
comment on column events.flight_task.occurred_at is
    'When it happened or was seen, by the sender''s clock. UTC, microseconds. 发生或被发现的时间，以发送方时钟为准（UTC，微秒）。';
comment on column events.flight_task.recorded_at is
    'When the sender wrote it down. Far behind occurred_at it shows a record that was entered later. UTC, microseconds. 发送方记录的时间；明显晚于发生时间即为事后补录（UTC，微秒）。';
comment on column events.flight_task.stored_at is
    'When the transaction that stored the row began, by the database''s clock. 入库事务开始的时间，以数据库时钟为准。';
comment on column events.flight_task.producer_id is
    'The name that the sending device or app gives itself. A claim, not a proof, until events are signed. 发送设备或应用自报的名称；在事件签名之前只是声明，不是证明。';
comment on column events.flight_task.is_test is
    'True for drills and tests (CAP status Exercise and Test). Such events are linked only with each other and stay outside audits unless asked for. 演练或测试为真；此类事件只在彼此之间关联，未经要求不进入审计。';
comment on column events.flight_task.source_id is
    'The topic partition that it came from, as in bus.source. 来源主题分区，见 bus.source。';
comment on column events.flight_task.topic_offset is
    'Its offset in that partition. 在该分区中的偏移量。';
comment on column events.flight_task.content_hash is
    'SHA-256 of the content without recorded_at. It tells the same event sent again from other content under the same id. 内容（不含 recorded_at）的 SHA-256，用于区分重复发送与同号异文。';
comment on column events.flight_task.task_id is
    'The sender''s own id of the task, kept as given. Unique within one producer_id, and the same in all records about the task. 发送方自编的任务编号，原样保存；在同一发送方内唯一，同一任务的各条记录相同。';
comment on column events.flight_task.town_code is
    'Division code of the town that owns the drone patrol. 负责该无人机巡查的乡镇区划代码。';
comment on column events.flight_task.hangar_id is
    'The hangar that the drone flies from. With DJI the serial number of the dock''s gateway. 无人机起飞的机库；大疆设备为机场网关序列号。';
comment on column events.flight_task.aircraft_id is
    'The aircraft. With DJI the serial number of the device; aircraft are registered by real name. 飞行器；大疆设备为其序列号，飞行器实名登记。';
comment on column events.flight_task.route_id is
    'The preset route that is to be flown (DJI wayline_id). 计划执行的预设航线（大疆 wayline_id）。';
comment on column events.flight_task.flight_id is
    'The flight that the task became (DJI flight_id), the same as in its alerts; null until it started. 任务对应的架次（大疆 flight_id），与其报警中的架次相同；起飞前为空。';
comment on column events.flight_task.planned_at is
    'When the flight was to start. A task put off keeps its planned_at, so that a delay shows. UTC, microseconds. 计划起飞时间；任务推迟时保持不变，以便看出延误（UTC，微秒）。';
comment on column events.flight_task.started_at is
    'When it took off; null if it has not. A planned task without it was not flown. UTC, microseconds. 实际起飞时间，未起飞为空；有计划而此列为空即未飞（UTC，微秒）。';
comment on column events.flight_task.ended_at is
    'When it ended, in whichever way; null while it is planned or flying. UTC, microseconds. 结束时间，不论以何种方式结束；未起飞或飞行中为空（UTC，微秒）。';
comment on column events.flight_task.status is
    'How the task stands. All but PLANNED are those of DJI flighttask_progress: sent, in_progress, paused, ok, partially_done, failed, canceled, rejected, timeout. 任务状态；除 PLANNED（已计划）外均取自大疆 flighttask_progress：已下发、执行中、暂停、完成、部分完成、失败、取消、拒绝、超时。';
comment on column events.flight_task.reason_code is
    'Why it was not flown, or not to its end, as a code of the sender, such as WIND, RAIN, AIRSPACE or an error number of the dock. 未飞或未飞完的原因代码，由发送方给出，如 WIND、RAIN、AIRSPACE 或机场错误码。';
comment on column events.flight_task.waypoints_planned is
    'Waypoints of the route. 航线的航点总数。';
comment on column events.flight_task.waypoints_done is
    'Waypoints that were passed so far (from DJI current_waypoint_index). 至今已飞过的航点数。';
comment on column events.flight_task.media_expected is
    'Pictures and videos that the flight took (DJI expected_file_count); null while that is not known. 本架次拍摄的照片与视频数（大疆 expected_file_count）；尚不知道则为空。';
comment on column events.flight_task.media_uploaded is
    'How many of them have reached the object store so far (DJI uploaded_file_count). What is missing is media_expected minus this. 其中已传到对象存储的数量（大疆 uploaded_file_count）；缺传数为 media_expected 减去本列。';
comment on column events.flight_task.wgs84_longitude is
    'Longitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 经度（度）；无位置则为空。';
comment on column events.flight_task.wgs84_latitude is
    'Latitude in WGS-84, in degrees, converted from the reported position. Null without one. 由上报位置换算的 WGS-84 纬度（度）；无位置则为空。';
comment on column events.flight_task.located_grid_code is
    'The grid in which the position lies. Null outside every grid. 位置所在网格；在所有网格之外则为空。';
comment on column events.flight_task.located_community_code is
    'The community in which the position lies. Null outside every community. 位置所在社区；在所有社区之外则为空。';
comment on column events.flight_task.located_subdistrict_code is
    'The sub-district or town in which the position lies. Null outside every one. 位置所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.flight_task.located_version is
    'Version of the reference areas in which the position was looked up. 查找位置所用区域参考数据的版本。';
