-- Where stored events lie by a later version of the areas, beside what was found when they were stored (the located_
-- columns of their tables, which never change). gridloopctl reference re-enrich fills it.

create table events.enrichment (
    kind                     text not null,
    event_id                 uuid not null,
    located_version          integer not null,
    located_grid_code        text,
    located_community_code   text,
    located_subdistrict_code text,
    enriched_at              timestamptz not null default now(),
    enriched_by              text not null default session_user,
    primary key (kind, event_id, located_version)
);
comment on table events.enrichment is
    'Where events lie by later versions of the reference areas. 事件按后来版本的区域参考数据所在的区域。';
comment on column events.enrichment.kind is
    'Kind of event, as in the table''s name: drone_alert. 事件类别，与表名一致，如 drone_alert。';
comment on column events.enrichment.event_id is
    'The event. 事件编号。';
comment on column events.enrichment.located_version is
    'Version of the reference areas in which its position was looked up. 查找位置所用区域参考数据的版本。';
comment on column events.enrichment.located_grid_code is
    'The grid in which it lies by that version. Null outside every grid. 按该版本所在网格；在所有网格之外则为空。';
comment on column events.enrichment.located_community_code is
    'The community in which it lies by that version. Null outside every community. 按该版本所在社区；在所有社区之外则为空。';
comment on column events.enrichment.located_subdistrict_code is
    'The sub-district or town in which it lies by that version. Null outside every one. 按该版本所在街道（乡镇）；在所有街道之外则为空。';
comment on column events.enrichment.enriched_at is
    'When this was found, by the database''s clock. 查找时间（数据库时钟）。';
comment on column events.enrichment.enriched_by is
    'Role that looked it up. 查找者角色。';

create trigger refuse_change before update or delete on events.enrichment
    for each row execute function events.refuse_change();
create trigger refuse_truncate before truncate on events.enrichment
    for each statement execute function events.refuse_change();
