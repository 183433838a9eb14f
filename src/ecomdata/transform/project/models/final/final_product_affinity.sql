{%- set minimum_orders = var('affinity_minimum_orders', 5) -%}
{%- set most_products = var('affinity_most_products', 5000) -%}

with

orders as (

    select * from {{ ref('int_orders_classified') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

products as (

    select * from {{ ref('final_product_performance') }}

),

orders_counted as (

    select count(*) as orders
    from orders
    where not is_cancelled

),

products_ranked as (

    select
        product_id,
        product_name,
        total_orders,
        row_number() over (
            order by total_orders desc, {{ bytewise('product_id') }} asc
        ) as place
    from products
    where total_orders >= {{ minimum_orders }}

),

frequent_products as (

    {# A pair is in no more orders than either product, so the rest need not be paired. #}
    select
        product_id,
        product_name,
        total_orders,
        cast(row_number() over (order by {{ bytewise('product_id') }} asc) as integer)
            as product_number
    from products_ranked
    where place <= {{ most_products }}

),

baskets as (

    {# A product twice in an order counts once. #}
    select
        ledger.order_id,
        frequent_products.product_number
    from ledger
    inner join frequent_products on ledger.product_id = frequent_products.product_id
    where ledger.product_orders = 1

),

pairs_counted as (

    select
        baskets.product_number as first_number,
        others.product_number as second_number,
        cast(count(*) as bigint) as orders_with_both
    from baskets
    inner join baskets as others
        on
            baskets.order_id = others.order_id
            and baskets.product_number < others.product_number
    group by baskets.product_number, others.product_number
    having count(*) >= {{ minimum_orders }}

),

pairs_described as (

    select
        first_products.product_id as first_product_id,
        first_products.product_name as first_product_name,
        second_products.product_id as second_product_id,
        second_products.product_name as second_product_name,
        cast(orders_counted.orders as bigint) as orders,
        first_products.total_orders as orders_with_first,
        second_products.total_orders as orders_with_second,
        pairs_counted.orders_with_both
    from pairs_counted
    cross join orders_counted
    inner join frequent_products as first_products
        on pairs_counted.first_number = first_products.product_number
    inner join frequent_products as second_products
        on pairs_counted.second_number = second_products.product_number

),

interest_measured as (

    select
        first_product_id,
        first_product_name,
        second_product_id,
        second_product_name,
        orders,
        orders_with_first,
        orders_with_second,
        orders_with_both,
        {{ ratio_of_counts('orders_with_both', 'orders', 9) }} as support,
        {{ ratio_of_counts('orders_with_both', 'orders_with_first', 6) }}
            as confidence_first_to_second,
        {{ ratio_of_counts('orders_with_both', 'orders_with_second', 6) }}
            as confidence_second_to_first,
        {{ ratio_of_counts(
            'orders_with_both * orders', 'orders_with_first * orders_with_second', 6
        ) }}
            as lift,
        {{ ratio_of_counts(
            'orders_with_both * orders - orders_with_first * orders_with_second',
            'orders * orders',
            9,
        ) }} as leverage,
        {{ ratio_of_counts(
            '(orders - orders_with_second) * orders_with_first',
            'orders * (orders_with_first - orders_with_both)',
            6,
        ) }} as conviction_first_to_second,
        {{ ratio_of_counts(
            '(orders - orders_with_first) * orders_with_second',
            'orders * (orders_with_second - orders_with_both)',
            6,
        ) }} as conviction_second_to_first
    from pairs_described

)

select * from interest_measured
