with

products as (

    select * from {{ ref('stg_products') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

entries_summed_to_product as (

    select
        product_id,
        {{ sales_measures() }},
        min(case when entry_type = 'sale' and not is_cancelled then entry_date end)
            as first_sold_date,
        max(case when entry_type = 'sale' and not is_cancelled then entry_date end)
            as last_sold_date
    from ledger
    group by product_id

),

product_ids as (

    select product_id from products
    union
    select product_id from entries_summed_to_product

),

products_measured as (

    {# A product that sold nothing stands here with 0; one that is in no product list, too. #}
    select
        product_ids.product_id,
        products.product_name,
        products.price as list_price,
        products.product_id is not null as is_known,
        entries_summed_to_product.first_sold_date,
        entries_summed_to_product.last_sold_date,
        coalesce(products.category, 'Unknown') as category,
        coalesce(entries_summed_to_product.gross_sales, 0) as gross_sales,
        coalesce(entries_summed_to_product.discounts, 0) as discounts,
        coalesce(entries_summed_to_product.returns, 0) as returns,
        coalesce(entries_summed_to_product.cancellations, 0) as cancellations,
        coalesce(entries_summed_to_product.net_sales, 0) as net_sales,
        coalesce(entries_summed_to_product.orders, 0) as orders,
        coalesce(entries_summed_to_product.customers, 0) as customers,
        coalesce(entries_summed_to_product.units, 0) as units,
        coalesce(entries_summed_to_product.units_sold, 0) as units_sold,
        coalesce(entries_summed_to_product.units_returned, 0) as units_returned,
        case
            when entries_summed_to_product.product_id is null then 0
            else entries_summed_to_product.cost_amount
        end as cost_amount
    from product_ids
    left join products on product_ids.product_id = products.product_id
    left join entries_summed_to_product
        on product_ids.product_id = entries_summed_to_product.product_id

),

products_ranked as (

    select
        *,
        cast(row_number() over (
            order by net_sales desc, {{ bytewise('product_id') }} asc
        ) as bigint) as revenue_rank,
        cast(sum(net_sales) over () as numeric(18, 2)) as all_net_sales,
        cast(coalesce(sum(net_sales) over (
            order by net_sales desc, {{ bytewise('product_id') }} asc
            rows between unbounded preceding and 1 preceding
        ), 0) as numeric(18, 2)) as better_net_sales
    from products_measured

),

products_classified as (

    select
        product_id,
        product_name,
        category,
        cast(net_sales as numeric(18, 2)) as total_revenue,
        cast(orders as bigint) as total_orders,
        is_known,
        cast(list_price as numeric(18, 4)) as list_price,
        cast(customers as bigint) as customers,
        cast(units as bigint) as units,
        cast(units_sold as bigint) as units_sold,
        cast(units_returned as bigint) as units_returned,
        cast(gross_sales as numeric(18, 2)) as gross_sales,
        cast(discounts as numeric(18, 2)) as discounts,
        cast(returns as numeric(18, 2)) as returns,
        cast(cancellations as numeric(18, 2)) as cancellations,
        cast(cost_amount as numeric(18, 2)) as cost_amount,
        first_sold_date,
        last_sold_date,
        revenue_rank,
        {{ ratio('net_sales', 'all_net_sales', 6) }} as revenue_share,
        case
            when net_sales <= 0 then 'C'
            when better_net_sales < 0.80 * all_net_sales then 'A'
            when better_net_sales < 0.95 * all_net_sales then 'B'
            else 'C'
        end as abc_class,
        {{ sales_ratios() }}
    from products_ranked

)

select * from products_classified
