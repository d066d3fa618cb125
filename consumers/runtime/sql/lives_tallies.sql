-- How often each of the cases ($1) had a step with each action.
select case_id, action, count(*)
from follow_up.case_step
where case_id = any ($1::uuid[]) and outcome = 'applied'
group by case_id, action
