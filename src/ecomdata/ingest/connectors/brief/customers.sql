select
    customer_id,
    name,
    email,
    country,
    signup_date,
    _file,
    _line
from customers
