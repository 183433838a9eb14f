select
    id as customer_id,
    filled(concat_ws(' ', filled(first_name), filled(last_name))) as name,
    _file,
    _line
from raw_customers
