{# Invariant: a pair's counts of all orders and of those with each product are the orders' and the
   ledger's; it is in no more orders than either product and in no fewer than the minimum, and it
   stands with the first product first. A row is a pair that differs. #}
with

affinity as (

    select * from {{ ref('final_product_affinity') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

orders as (

    select * from {{ ref('int_orders_classified') }}

),

all_orders as (

    select count(*) as orders
    from orders
    where not is_cancelled

),

product_orders as (

    select
        product_id,
        sum(product_orders) as orders
    from ledger
    group by product_id

)

select affinity.*
from affinity
cross join all_orders
left join product_orders as first_orders
    on affinity.first_product_id = first_orders.product_id
left join product_orders as second_orders
    on affinity.second_product_id = second_orders.product_id
where
    affinity.orders <> all_orders.orders
    or affinity.orders_with_first <> coalesce(first_orders.orders, 0)
    or affinity.orders_with_second <> coalesce(second_orders.orders, 0)
    or affinity.orders_with_both > affinity.orders_with_first
    or affinity.orders_with_both > affinity.orders_with_second
    or affinity.orders_with_both < {{ var('affinity_minimum_orders', 5) }}
    or {{ bytewise('affinity.first_product_id') }}
    >= {{ bytewise('affinity.second_product_id') }}
