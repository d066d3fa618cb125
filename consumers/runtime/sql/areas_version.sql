-- The newest load of areas; 0: there is none. Asked before each batch, so it is one look into an index.
select coalesce(max(version), 0) from reference.load where table_name = 'area'
