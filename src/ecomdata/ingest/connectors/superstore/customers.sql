select
    filled(customer_id) as customer_id,
    arg_max(filled(customer_name), (_file, _line)) as name,
    arg_max(filled(country), (_file, _line)) as country,
    arg_max(_file, (_file, _line)) as _file,
    arg_max(_line, (_file, _line)) as _line
from lines
where filled(customer_id) is not null
group by filled(customer_id)
