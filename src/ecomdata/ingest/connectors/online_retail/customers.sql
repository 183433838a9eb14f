select
    regexp_replace(trim(customer_id), '[.]0$', '') as customer_id,
    arg_max(trim(country), (_file, _line)) as country,
    arg_max(_file, (_file, _line)) as _file,
    arg_max(_line, (_file, _line)) as _line
from lines
where trim(customer_id) <> ''
group by regexp_replace(trim(customer_id), '[.]0$', '')
