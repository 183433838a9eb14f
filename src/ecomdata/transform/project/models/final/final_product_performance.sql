with

products as (

    select * from {{ ref('stg_products') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}

),

what_loads_tell as (

    {{ capabilities_in_one_row('capabilities') }}

),

data_days as (

    {# Both engines keep a copy of `ledger` where it is read twice: 1.0 GB at 2.7M orders. #}
    select
        max(entry_date) as last_day,
        {{ days_between('min(entry_date)', 'max(entry_date)') }} + 1 as number_of_days
    from {{ ref('int_revenue_ledger') }}

),

entries_aged as (

    select
        ledger.*,
        {{ days_between('ledger.entry_date', 'data_days.last_day') }} as age_in_days
    from ledger
    cross join data_days

),

entries_summed_to_product as (

    select
        product_id,
        {{ sales_sums() }},
        sum(product_orders) as orders,
        sum(case when age_in_days < 28 then amount end) as last_net_sales,
        sum(case when age_in_days >= 28 and age_in_days < 56 then amount end) as prior_net_sales,
        sum(case when age_in_days < 28 then quantity end) as last_units,
        sum(case when age_in_days >= 28 and age_in_days < 56 then quantity end) as prior_units,
        min(case when entry_type = 'sale' and not is_cancelled then entry_date end)
            as first_sold_date,
        max(case when entry_type = 'sale' and not is_cancelled then entry_date end)
            as last_sold_date
    from entries_aged
    group by product_id

),

customers_found as (

    {# Apart: counted distinctly among the sums, they took a quarter more of the whole model. #}
    select distinct
        product_id,
        customer_id
    from {{ ref('int_revenue_ledger') }}
    where
        entry_type = 'sale'
        and not is_cancelled
        and customer_id is not null

),

customers_counted_to_product as (

    select
        product_id,
        count(*) as customers
    from customers_found
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
        data_days.number_of_days,
        {{ days_between('entries_summed_to_product.last_sold_date', 'data_days.last_day') }}
            as days_since_last_sale,
        case
            when data_days.number_of_days >= 28
                then coalesce(entries_summed_to_product.last_net_sales, 0)
        end as last_net_sales,
        case
            when data_days.number_of_days >= 56
                then coalesce(entries_summed_to_product.prior_net_sales, 0)
        end as prior_net_sales,
        case
            when data_days.number_of_days >= 28
                then coalesce(entries_summed_to_product.last_units, 0)
        end as last_units,
        case
            when data_days.number_of_days >= 56
                then coalesce(entries_summed_to_product.prior_units, 0)
        end as prior_units,
        coalesce(products.category, 'Unknown') as category,
        coalesce(entries_summed_to_product.gross_sales, 0) as gross_sales,
        {{ in_data('discounts', 'coalesce(entries_summed_to_product.discounts, 0)') }}
            as discounts,
        {{ in_data('returns', 'coalesce(entries_summed_to_product.returns, 0)') }}
            as returns,
        {{ in_data('cancellations', 'coalesce(entries_summed_to_product.cancellations, 0)') }}
            as cancellations,
        coalesce(entries_summed_to_product.net_sales, 0) as net_sales,
        coalesce(entries_summed_to_product.orders, 0) as orders,
        {{ in_data('customers', 'coalesce(customers_counted_to_product.customers, 0)') }}
            as customers,
        coalesce(entries_summed_to_product.units, 0) as units,
        coalesce(entries_summed_to_product.units_sold, 0) as units_sold,
        {{ in_data('returned_units', 'coalesce(entries_summed_to_product.units_returned, 0)') }}
            as units_returned,
        {{ in_data(
            'costs',
            'case when entries_summed_to_product.product_id is null then 0'
            ~ ' else entries_summed_to_product.cost_amount end',
        ) }} as cost_amount
    from product_ids
    left join products on product_ids.product_id = products.product_id
    left join entries_summed_to_product
        on product_ids.product_id = entries_summed_to_product.product_id
    left join customers_counted_to_product
        on product_ids.product_id = customers_counted_to_product.product_id
    cross join data_days
    cross join what_loads_tell

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
        days_since_last_sale,
        {# Data of fewer days cannot tell a product that never sells from a new one. #}
        case
            when days_since_last_sale is not null then days_since_last_sale >= 90
            when number_of_days >= 90 then true
        end as is_dead_stock,
        revenue_rank,
        {{ ratio('net_sales', 'all_net_sales', 6) }} as revenue_share,
        case
            when net_sales <= 0 then 'C'
            when better_net_sales < 0.80 * all_net_sales then 'A'
            when better_net_sales < 0.95 * all_net_sales then 'B'
            else 'C'
        end as abc_class,
        {{ sales_ratios() }},
        {# In hundredths of cents, as list prices are: `ratio` takes whole cents. #}
        {{ ratio('net_sales * 10000', 'units * list_price * 10000', 6) }} as price_realisation,
        cast(last_net_sales as numeric(18, 2)) as net_sales_last_28_days,
        cast(prior_net_sales as numeric(18, 2)) as net_sales_prior_28_days,
        cast(last_units as bigint) as units_last_28_days,
        cast(prior_units as bigint) as units_prior_28_days,
        cast(case
            when prior_net_sales > 0 then {{ ratio('last_net_sales', 'prior_net_sales', 6) }}
        end as numeric(18, 6)) as net_sales_trend,
        cast(case
            when prior_units > 0 then {{ ratio('last_units', 'prior_units', 6) }}
        end as numeric(18, 6)) as units_trend
    from products_ranked

)

select * from products_classified
