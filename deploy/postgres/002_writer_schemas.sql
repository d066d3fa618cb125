-- Writer schemas that are no version of the contract, and what a layout has to know so that its rows can be
-- made again byte for byte after a column was widened.

alter table bus.schema alter column version drop not null;
comment on column bus.schema.version is
    'Number of the version of this kind''s contract, from 1; null: a writer''s own schema, registered by an operator. '
    '该类别契约的版本号，从 1 起；空表示由操作员登记的写入方自有模式。';

-- The binary form of a row hangs on the columns' types: of two layouts with the same columns and other types the
-- rows differ. What was stored so far was stored in the types that the columns have now.
alter table bus.layout add column column_types text[];
update bus.layout l
set column_types = (
    select array_agg(pg_catalog.format_type(a.atttypid, null) order by c.place)
    from unnest(l.columns) with ordinality as c (name, place)
    join pg_catalog.pg_attribute a on a.attrelid = l.table_name::regclass and a.attname = c.name
);
alter table bus.layout
    alter column column_types set not null,
    add check (cardinality(column_types) = cardinality(columns)),
    drop constraint layout_table_name_columns_key,
    add unique (table_name, columns, column_types);
comment on table bus.layout is
    'Column lists, with their types, in which event rows were stored; later columns and wider types change nothing '
    'about older rows. 事件行入库时的列及其类型清单；后来增加的列和加宽的类型不影响早先的行。';
comment on column bus.layout.column_types is
    'Types of these columns when the rows were stored; a column that was widened since is cast back to them. '
    '入库时各列的类型；后来加宽的列按此转换回原类型。';
