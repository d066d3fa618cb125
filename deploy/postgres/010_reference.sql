-- What the platform knows of the world: areas, units, categories, rules. gridloopctl reference load fills it.
--
-- A load brings the whole of one or more tables under a number of its own, the version; it is all or nothing. The rows
-- in force are those of the newest load of their table, and of these the one that is valid at the moment in question:
-- what changes in the world is a new row with its dates in the next load, beside the old one. Nothing is ever changed
-- or deleted, so what was in force when an event was placed can always be looked up by the version stamped on it.

create schema reference;
comment on schema reference is
    'What the platform knows of the world, by version; append-only. 平台所依据的参考数据，分版本，只追加。';
revoke all on schema reference from public;

create table reference.load (
    table_name text not null,
    version    integer not null check (version > 0),
    row_count  integer not null check (row_count > 0),
    file_names text[] not null,
    loaded_at  timestamptz not null default now(),
    loaded_by  text not null default session_user,
    primary key (table_name, version)
);

comment on table reference.load is
    'Loads of reference data; the newest of a table is in force. 参考数据的加载记录；每个表以最新一次为准。';
comment on column reference.load.table_name is
    'The table that was loaded. 被加载的表。';
comment on column reference.load.version is
    'Number of the load; one load of several tables has one number. 加载版本号；一次加载多个表时共用一个。';
comment on column reference.load.row_count is
    'How many rows it brought. 行数。';
comment on column reference.load.file_names is
    'Files it came from. 来源文件。';
comment on column reference.load.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.load.loaded_by is
    'Role that loaded it. 加载者角色。';

-- ---- area -------------------------------------------------------------------------------------------

create table reference.area (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    code        text not null check (code <> ''),
    level       text not null check (level in ('district', 'subdistrict', 'community', 'grid')),
    name        text not null,
    parent_code text constraint parent_is_another check (parent_code <> code),
    kind        text,
    synthetic   boolean not null default false,
    geometry    text not null,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index area_by_version on reference.area (version);
comment on table reference.area is
    'An administrative area or grid, with its polygon. 行政区域或网格及其边界多边形。';
comment on column reference.area.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.area.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.area.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.area.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.area.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.area.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.area.code is
    'Official code, or our own for grids. 官方区划代码；网格为自编代码。';
comment on column reference.area.level is
    'district, subdistrict (or town), community (or village), grid. 区；街道（乡镇）；社区（村）；网格。';
comment on column reference.area.name is
    'Name as people say it. 名称。';
comment on column reference.area.parent_code is
    'Area of a higher level that it lies in; null: not said. 所属上级区域代码；空表示未注明。';
comment on column reference.area.kind is
    'What it is within its level, such as BASIC or DEDICATED of a grid. 同级中的类型，如基础网格、专属网格。';
comment on column reference.area.synthetic is
    'True: invented, for demonstrations and tests; show it wherever the area is shown. 真表示虚构（演示或测试用），展示时须注明。';
comment on column reference.area.geometry is
    'GeoJSON geometry, Polygon or MultiPolygon, longitude and latitude in WGS-84. GeoJSON 几何（面或多面），WGS-84 经纬度。';
create view reference.area_in_force as
    select * from reference.area
    where version = (select max(version) from reference.load where table_name = 'area');
comment on view reference.area_in_force is
    'Rows of area of its newest load; which of them holds is said by their dates. area 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- unit -------------------------------------------------------------------------------------------

create table reference.unit (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    code        text not null check (code <> ''),
    name        text not null,
    kind        text,
    level       text,
    parent_code text constraint parent_is_another check (parent_code <> code),
    area_code   text,
    synthetic   boolean not null default false,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index unit_by_version on reference.unit (version);
comment on table reference.unit is
    'An organisation that has a part in the loop. 参与闭环处置的单位。';
comment on column reference.unit.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.unit.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.unit.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.unit.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.unit.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.unit.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.unit.code is
    'Code of the unit. 单位代码。';
comment on column reference.unit.name is
    'Name of the unit. 单位名称。';
comment on column reference.unit.kind is
    'What kind of unit, such as police_station or enforcement_team. 单位类型，如派出所、执法队。';
comment on column reference.unit.level is
    'Level at which it works. 所在层级。';
comment on column reference.unit.parent_code is
    'Unit above it; null: none. 上级单位代码；空表示无。';
comment on column reference.unit.area_code is
    'Area in which it works; null: not said. 负责区域代码；空表示未注明。';
comment on column reference.unit.synthetic is
    'True: the unit or its name is invented. 真表示单位或名称为虚构。';
create view reference.unit_in_force as
    select * from reference.unit
    where version = (select max(version) from reference.load where table_name = 'unit');
comment on view reference.unit_in_force is
    'Rows of unit of its newest load; which of them holds is said by their dates. unit 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- responsibility ---------------------------------------------------------------------------------

create table reference.responsibility (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    area_code   text not null,
    dedup_group text not null,
    unit_code   text not null,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index responsibility_by_version on reference.responsibility (version);
comment on table reference.responsibility is
    'Which unit is responsible in an area for a dedup group. 各区域内各类问题的责任单位。';
comment on column reference.responsibility.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.responsibility.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.responsibility.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.responsibility.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.responsibility.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.responsibility.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.responsibility.area_code is
    'The area. 区域代码。';
comment on column reference.responsibility.dedup_group is
    'The group; * stands for all that have no row of their own. 问题分组；* 表示未单列的所有分组。';
comment on column reference.responsibility.unit_code is
    'The responsible unit. 责任单位代码。';
create view reference.responsibility_in_force as
    select * from reference.responsibility
    where version = (select max(version) from reference.load where table_name = 'responsibility');
comment on view reference.responsibility_in_force is
    'Rows of responsibility of its newest load; which of them holds is said by their dates. responsibility 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- category ---------------------------------------------------------------------------------------

create table reference.category (
    version       integer not null,
    valid_from    timestamptz not null default '-infinity',
    valid_to      timestamptz not null default 'infinity',
    loaded_at     timestamptz not null default now(),
    loaded_by     text not null default session_user,
    file_sha256   bytea not null check (octet_length(file_sha256) = 32),
    scheme        text not null check (scheme <> ''),
    code          text not null check (code <> ''),
    name          text not null,
    dedup_group   text not null,
    auto_dispatch boolean not null default false,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index category_by_version on reference.category (version);
comment on table reference.category is
    'What the codes of a classification mean to linking. 分类代码与关联分组的对应。';
comment on column reference.category.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.category.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.category.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.category.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.category.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.category.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.category.scheme is
    'The classification with its version: GB/T30428.2-2013. 分类表及版本，如 GB/T30428.2-2013。';
comment on column reference.category.code is
    'The code as events carry it; of two levels joined by a slash. 事件中的代码；两级代码以斜杠相连。';
comment on column reference.category.name is
    'Name of the category. 类别名称。';
comment on column reference.category.dedup_group is
    'Group within which reports are linked. 报告在其内关联的分组。';
comment on column reference.category.auto_dispatch is
    'True: the platform may send an order without asking a person. 真表示平台可不经人工直接派单。';
create view reference.category_in_force as
    select * from reference.category
    where version = (select max(version) from reference.load where table_name = 'category');
comment on view reference.category_in_force is
    'Rows of category of its newest load; which of them holds is said by their dates. category 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- dedup_rule -------------------------------------------------------------------------------------

create table reference.dedup_rule (
    version         integer not null,
    valid_from      timestamptz not null default '-infinity',
    valid_to        timestamptz not null default 'infinity',
    loaded_at       timestamptz not null default now(),
    loaded_by       text not null default session_user,
    file_sha256     bytea not null check (octet_length(file_sha256) = 32),
    dedup_group     text not null check (dedup_group not in ('', '*')),
    radius_m        double precision constraint radius_within_300_m check (radius_m >= 0 and radius_m <= 300),
    merge_window_s  bigint constraint merge_window_not_negative check (merge_window_s >= 0),
    reopen_window_s bigint not null default 0 constraint reopen_window_not_negative check (reopen_window_s >= 0),
    repeat_window_s bigint not null default 0 constraint repeat_window_not_negative check (repeat_window_s >= 0),
    mute_window_s   bigint not null default 0 constraint mute_window_not_negative check (mute_window_s >= 0),
    mute_count      integer constraint mute_count_positive check (mute_count > 0),
    anchor          text not null default 'first' check (anchor in ('first', 'last')),
    pick            text not null default 'nearest' check (pick = 'nearest'),
    same_unit       boolean not null default true,
    ignore_status   boolean not null default false,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index dedup_rule_by_version on reference.dedup_rule (version);
comment on table reference.dedup_rule is
    'When two reports of one group are of the same thing. 同组的两条报告何时视为同一问题。';
comment on column reference.dedup_rule.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.dedup_rule.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.dedup_rule.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.dedup_rule.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.dedup_rule.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.dedup_rule.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.dedup_rule.dedup_group is
    'The group. 分组。';
comment on column reference.dedup_rule.radius_m is
    'Most metres between two reports of one thing, inclusive; null: linked without geometry, by unit, issue and round. 视为同一问题的最大距离（米，含边界）；空表示不按位置而按单位、问题和轮次关联。';
comment on column reference.dedup_rule.merge_window_s is
    'Seconds for which a report joins an open case; null: as long as it is open. 报告可并入未结案件的时限（秒）；空表示案件未结期间均可。';
comment on column reference.dedup_rule.reopen_window_s is
    'Seconds after a case was closed for which a report reopens it; 0: never. 结案后再次出现时重开案件的时限（秒）；0 表示不重开。';
comment on column reference.dedup_rule.repeat_window_s is
    'Seconds after a case was closed for which a report is a new case that names the old one as what it repeats; 0: never. 结案后再次出现时另立案件并注明重复的时限（秒）；0 表示不注明。';
comment on column reference.dedup_rule.mute_window_s is
    'Seconds for which what was found to be a false alarm stays quiet; 0: not at all. 误报后静默的时限（秒）；0 表示不静默。';
comment on column reference.dedup_rule.mute_count is
    'Muted reports after which the next one is a case again; null: no bound. 静默多少次后再立案件；空表示不限。';
comment on column reference.dedup_rule.anchor is
    'Whether time is reckoned from the case''s first or last report. 时间从案件的第一条还是最后一条报告算起。';
comment on column reference.dedup_rule.pick is
    'Which case gets a report that fits several: the nearest, of two equally near the one opened first. 报告符合多个案件时归入最近者；距离相同则归入先立者。';
comment on column reference.dedup_rule.same_unit is
    'True: cases of another responsible unit are left to a person. 真表示责任单位不同者交人工判断。';
comment on column reference.dedup_rule.ignore_status is
    'True: a case takes reports whatever its state. 真表示不论案件状态均可并入。';
create view reference.dedup_rule_in_force as
    select * from reference.dedup_rule
    where version = (select max(version) from reference.load where table_name = 'dedup_rule');
comment on view reference.dedup_rule_in_force is
    'Rows of dedup_rule of its newest load; which of them holds is said by their dates. dedup_rule 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- position_default -------------------------------------------------------------------------------

create table reference.position_default (
    version               integer not null,
    valid_from            timestamptz not null default '-infinity',
    valid_to              timestamptz not null default 'infinity',
    loaded_at             timestamptz not null default now(),
    loaded_by             text not null default session_user,
    file_sha256           bytea not null check (octet_length(file_sha256) = 32),
    position_kind         text not null check (position_kind <> ''),
    horizontal_accuracy_m double precision not null constraint accuracy_within_10000_m check (horizontal_accuracy_m >= 0 and horizontal_accuracy_m <= 10000),
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index position_default_by_version on reference.position_default (version);
comment on table reference.position_default is
    'Accuracy of a position that came without one. 未报精度的位置所用的默认精度。';
comment on column reference.position_default.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.position_default.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.position_default.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.position_default.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.position_default.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.position_default.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.position_default.position_kind is
    'Kind of position: TARGET, CAMERA, FOOTPRINT_CENTRE, PATROL, FINDING. 位置类型。';
comment on column reference.position_default.horizontal_accuracy_m is
    'One standard deviation on the ground, in metres. 地面标准差（米）。';
create view reference.position_default_in_force as
    select * from reference.position_default
    where version = (select max(version) from reference.load where table_name = 'position_default');
comment on view reference.position_default_in_force is
    'Rows of position_default of its newest load; which of them holds is said by their dates. position_default 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- time_zone --------------------------------------------------------------------------------------

create table reference.time_zone (
    version     integer not null,
    valid_from  timestamptz not null default '-infinity',
    valid_to    timestamptz not null default 'infinity',
    loaded_at   timestamptz not null default now(),
    loaded_by   text not null default session_user,
    file_sha256 bytea not null check (octet_length(file_sha256) = 32),
    area_code   text not null,
    name        text not null,
    constraint valid_from_before_valid_to check (valid_from < valid_to)
);
create index time_zone_by_version on reference.time_zone (version);
comment on table reference.time_zone is
    'Local time of an area: working hours and days are reckoned in it. 区域的当地时区，用于计算工作时间。';
comment on column reference.time_zone.version is
    'Number of the load that brought the row. 该行所属加载的版本号。';
comment on column reference.time_zone.valid_from is
    'From when on it holds, in the world. 生效时间（含）。';
comment on column reference.time_zone.valid_to is
    'Until before when it holds. 失效时间（不含）。';
comment on column reference.time_zone.loaded_at is
    'When it was loaded, by the database''s clock. 加载时间（数据库时钟）。';
comment on column reference.time_zone.loaded_by is
    'Role that loaded it. 加载者角色。';
comment on column reference.time_zone.file_sha256 is
    'SHA-256 of the file it came from. 来源文件的 SHA-256。';
comment on column reference.time_zone.area_code is
    'The area. 区域代码。';
comment on column reference.time_zone.name is
    'Name in the IANA time zone database: Asia/Shanghai. IANA 时区名称，如 Asia/Shanghai。';
create view reference.time_zone_in_force as
    select * from reference.time_zone
    where version = (select max(version) from reference.load where table_name = 'time_zone');
comment on view reference.time_zone_in_force is
    'Rows of time_zone of its newest load; which of them holds is said by their dates. time_zone 最新一次加载的各行；以起止时间判断何者有效。';

-- ---- all of them --------------------------------------------------------------------------------

create view reference.entry as
    select 'area' as table_name, version, code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.area t
union all
    select 'unit' as table_name, version, code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.unit t
union all
    select 'responsibility' as table_name, version, area_code || ' ' || dedup_group as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.responsibility t
union all
    select 'category' as table_name, version, scheme || ' ' || code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.category t
union all
    select 'dedup_rule' as table_name, version, dedup_group as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.dedup_rule t
union all
    select 'position_default' as table_name, version, position_kind as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.position_default t
union all
    select 'time_zone' as table_name, version, area_code as key, valid_from, valid_to,
           to_jsonb(t) - array['version', 'loaded_at', 'loaded_by', 'file_sha256'] as content
    from reference.time_zone t;
comment on view reference.entry is
    'Every row of every table by its key, for comparing loads. 所有表的所有行及其键，用于比较各次加载。';

-- ---- append-only and privileges --------------------------------------------------------------------

do $$
declare
    name text;
begin
    for name in select tablename from pg_catalog.pg_tables where schemaname = 'reference' loop
        execute pg_catalog.format('create trigger refuse_change before update or delete on reference.%I '
                                  'for each row execute function events.refuse_change()', name);
        execute pg_catalog.format('create trigger refuse_truncate before truncate on reference.%I '
                                  'for each statement execute function events.refuse_change()', name);
    end loop;
end
$$;

grant usage on schema reference to gridloop_ingest;
grant select on all tables in schema reference to gridloop_ingest;
