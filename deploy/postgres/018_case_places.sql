-- Cases are looked for by place, in the cells near a sighting: of those whose position is accurate only the ones in a
-- strip of the cell, which in a crowded one are few. A case is in one of the two indexes, and none of their columns ever
-- changes, so that no sighting touches an index.

drop index follow_up.case_file_by_place;
create index case_file_accurate on follow_up.case_file (dedup_group, cell, wgs84_latitude) where accuracy_m <= 10;
create index case_file_elsewhere on follow_up.case_file (dedup_group, cell) where (accuracy_m <= 10) is not true;
comment on index follow_up.case_file_accurate is
    'For what may be the same thing: cases whose position is good to 10 m. 查找可能为同一事的案件：位置精度在 10 米以内者。';
comment on index follow_up.case_file_elsewhere is
    'For what may be the same thing: cases without such a position. 查找可能为同一事的案件：无此精度位置者。';
