with

customers_listed as (

    select
        coalesce(lower(filled(email)), filled(username), filled(name)) as customer_id,
        filled(name) as name,
        filled(email) as email,
        filled(country) as country,
        sign_up as signup_date,
        _file,
        _line
    from customers

),

buyers as (

    select
        buyer_id as customer_id,
        arg_max(order_name, (_file, _line)) as name,
        arg_max(order_email, (_file, _line)) as email,
        arg_max(order_country, (_file, _line)) as country,
        arg_max(_file, (_file, _line)) as _file,
        arg_max(_line, (_file, _line)) as _line
    from lines
    where buyer_id is not null
    group by buyer_id

)

select * from customers_listed
union all by name
select *
from buyers
where customer_id not in (
    select customer_id from customers_listed where customer_id is not null
)
