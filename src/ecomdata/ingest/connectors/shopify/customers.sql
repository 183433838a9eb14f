with

customers_listed as (

    select
        coalesce(
            lower(filled(email)),
            filled(concat_ws(' ', filled(first_name), filled(last_name))),
            ltrim(coalesce(filled(phone), filled(customer_id)), '''')
        ) as customer_id,
        filled(concat_ws(' ', filled(first_name), filled(last_name))) as name,
        filled(email) as email,
        filled(country) as country,
        _file,
        _line
    from customers

),

buyers as (

    select
        buyer_id as customer_id,
        arg_max(order_billing_name, (_file, _line)) as name,
        arg_max(order_email, (_file, _line)) as email,
        arg_max(country, (_file, _line)) as country,
        arg_max(_file, (_file, _line)) as _file,
        arg_max(_line, (_file, _line)) as _line
    from lines
    where buyer_id is not null
    group by buyer_id

)

select
    customers_listed.customer_id,
    coalesce(customers_listed.name, buyers.name) as name,
    customers_listed.email,
    coalesce(customers_listed.country, buyers.country) as country,
    customers_listed._file,
    customers_listed._line
from customers_listed
left join buyers on customers_listed.customer_id = buyers.customer_id
union all
select *
from buyers
where customer_id not in (
    select customer_id from customers_listed where customer_id is not null
)
