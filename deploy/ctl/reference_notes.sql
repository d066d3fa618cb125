-- What an operator should know of the reference data in force, though it is no fault: each row a note.
select 'the calendar ends on ' || max(day) || ', ' || greatest(max(day) - current_date, 0)
       || ' days from now: a time limit that runs past it gets no due time'
from reference.calendar_in_force
having max(day) < current_date + 90
