-- What devices accepted (accepted), and what they have not sent yet (spooled): filled from files.
create temporary table accepted (kind text not null, event_id uuid not null);
create temporary table spooled (event_id uuid not null);
