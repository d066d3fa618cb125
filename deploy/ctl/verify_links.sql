-- chain_link: the steps of every source's chain that have their head recorded, in order: batches, and accepted gaps. What
-- the chain goes on from stands beside each. A batch that is nothing but a gap is that gap's.

-- fault: what was found by going through the chain; sealed: what a seal says (both filled by gridloopctl verify).
create temporary table fault (
    check_name text, source_id integer, from_offset bigint, next_offset bigint, event_id uuid, detail text
);
create temporary table sealed (
    source_id integer, cluster_id text, topic text, topic_id text, partition integer, incarnation integer,
    next_offset bigint, head bytea, is_met boolean not null default false
);
create temporary table sealed_reference (
    table_name text, version integer, row_count bigint, file_sha256 text, rows_sha256 text
);

create temporary table chain_link as
select link.*,
       lag(link.head, 1, pg_catalog.sha256(pg_catalog.convert_to(
           pg_catalog.concat_ws(E'\n', 'gridloop chain 1', s.source_id, s.cluster_id, s.topic, s.topic_id, s.partition,
                                s.incarnation, p.chained_from), 'UTF8'))) over line as before,
       coalesce(lag(link.next_offset, 1, p.chained_from) over line = link.from_offset, false) as is_adjacent,
       row_number() over line as place
from (
    select source_id, from_offset, next_offset, hash as head, null::integer as gap_id, layout_id, dead_letter_layout_id
    from bus.batch
    where hash is not null and gap = 0
    union all
    select g.source_id, g.stood_at, coalesce(b.next_offset, g.stood_at), g.hash, g.gap_id, g.layout_id, null
    from bus.gap g
    left join bus.batch b on b.source_id = g.source_id and b.from_offset = g.stood_at and b.hash = g.hash
    where g.hash is not null
) as link
left join bus.source s using (source_id)
left join bus.progress p using (source_id)
window line as (partition by link.source_id order by link.from_offset, link.next_offset, link.gap_id nulls last);
create index on chain_link (source_id, place);
analyze chain_link;
