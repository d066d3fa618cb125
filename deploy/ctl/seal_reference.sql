-- reference_digest: every version of every table of reference data, with a hash over its rows. Columns that are null are
-- left out of it, so that one that is added later changes nothing.
create temporary table reference_digest (
    table_name text, version integer, row_count bigint, file_sha256 text, rows_sha256 text
);
do $$
declare
    loaded text;
begin
    for loaded in
        select distinct table_name from reference.load
        where pg_catalog.to_regclass(pg_catalog.format('reference.%I', table_name)) is not null
    loop
        execute pg_catalog.format(
            'insert into pg_temp.reference_digest '
            'select %L, version, count(*), '
            'string_agg(distinct encode(file_sha256, ''hex''), '' '' order by encode(file_sha256, ''hex'')), '
            'encode(sha256(convert_to(string_agg(line, E''\n'' order by line collate "C"), ''UTF8'')), ''hex'') '
            'from (select version, file_sha256, jsonb_strip_nulls(to_jsonb(r))::text as line from reference.%I r) as lines '
            'group by version', loaded, loaded);
    end loop;
end
$$;
