with

territories_once as (

    select
        filled(sales_territory_key) as territory_key,
        max(filled(country)) as country
    from territories
    group by filled(sales_territory_key)

),

customers_placed as (

    select
        filled(customer_key) as customer_key,
        arg_max(filled(territory_key), (_file, _line)) as territory_key
    from orders
    group by filled(customer_key)

)

select
    customers.customer_key as customer_id,
    filled(concat_ws(' ', filled(customers.first_name), filled(customers.last_name))) as name,
    customers.email_address as email,
    territories_once.country,
    customers._file,
    customers._line
from customers
left join customers_placed on filled(customers.customer_key) = customers_placed.customer_key
left join territories_once on customers_placed.territory_key = territories_once.territory_key
