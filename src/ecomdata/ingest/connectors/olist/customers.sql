select
    customer_unique_id as customer_id,
    _file,
    _line
from customers
