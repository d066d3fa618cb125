-- Who we are, at which server, and who could listen on the way.
select current_setting('server_version_num')::integer / 10000,
       current_setting('server_version'),
       current_user,
       r.rolsuper::integer,
       (inet_server_addr() is null)::integer,
       coalesce((select ssl from pg_catalog.pg_stat_ssl where pid = pg_catalog.pg_backend_pid()), false)::integer
from pg_catalog.pg_roles r
where r.rolname = current_user
