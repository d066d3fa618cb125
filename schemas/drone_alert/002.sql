-- Version 2 of the contract. Values that are stored stay as they are; a daemon that has only version 1 built in goes
-- on: it writes the columns that it knows. Widening makes the server write the table anew, which holds up whoever
-- uses it meanwhile.

alter table events.drone_alert add column target_area_m2 real;
alter table events.drone_alert add column is_thermal boolean not null default false;
alter table events.drone_alert alter column waypoint_index type bigint;

comment on column events.drone_alert.target_area_m2 is
    'Size of what was seen, in square metres, such as bare soil or a structure. 目标面积（平方米），如裸露黄土或建筑物；按第 1 版入库的行此列为空，见 area_m2，合看取 coalesce(target_area_m2, area_m2)。';
comment on column events.drone_alert.area_m2 is
    'The former column of target_area_m2: filled in rows that a daemon of version 1 stored, else null. Both together are coalesce(target_area_m2, area_m2). target_area_m2 的旧列：仅由第 1 版程序入库的行有值，其余为空；合看取 coalesce(target_area_m2, area_m2)。';
comment on column events.drone_alert.is_thermal is
    'True if the picture was taken with the thermal camera. 图像是否由热成像相机拍摄。';
comment on column events.drone_alert.position_kind is
    'What the position is of: the thing seen, the camera, the centre of the picture on the ground, or (LASER_RANGED) the thing seen as the aircraft''s laser rangefinder measured it. An oblique camera can be far from what it sees. 位置的含义：目标、相机、画面地面中心，或由机载激光测距仪测得的目标（LASER_RANGED）；斜拍时相机可能离目标很远。';
