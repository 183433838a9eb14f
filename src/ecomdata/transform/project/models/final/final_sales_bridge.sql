{%- set comparisons = {'month_before': 1, 'year_before': 12} -%}
{# Each subtotal that is rounded stands once with + and once with -, so the sum stays exact. #}
{%- set components = {
    'price': 'both_sales - revalued_sales',
    'volume': 'scaled_sales - both_base_sales',
    'mix': 'revalued_sales - scaled_sales',
    'new_products': 'new_sales',
    'discontinued_products': '-discontinued_sales',
    'returns': in_data('returns', 'returns - base_returns'),
} -%}

with

summary as (

    select * from {{ ref('int_sales_summary') }}

),

capabilities as (

    select * from {{ ref('capabilities') }}

),

what_loads_tell as (

    {{ capabilities_in_one_row('capabilities') }}

),

data_days as (

    {# Both engines keep a copy of `summary` where it is read twice. #}
    select
        min(sales_date) as first_day,
        max(sales_date) as last_day,
        cast(date_trunc('month', min(sales_date)) as date) as first_month,
        cast(date_trunc('month', max(sales_date)) as date) as last_month
    from {{ ref('int_sales_summary') }}

),

months_at_the_ends as (

    select
        first_month,
        last_month,
        first_day = first_month as first_is_whole,
        last_day = cast(last_month + interval '1 month' as date) - 1 as last_is_whole,
        extract(day from last_day) as elapsed_days
    from data_days

),

sales_by_day as (

    select
        summary.product_id,
        cast(date_trunc('month', summary.sales_date) as date) as sales_month,
        {# As narrow as what is added: the sums of wider decimals take a fifth of the model. #}
        cast(
            summary.gross_sales + summary.discounts + summary.cancellations as numeric(18, 2)
        ) as sales,
        summary.units_sold as units,
        summary.returns,
        extract(day from summary.sales_date) <= months_at_the_ends.elapsed_days as is_elapsed
    from summary
    cross join months_at_the_ends

),

days_summed_to_product_month as (

    select
        product_id,
        sales_month,
        sum(sales) as sales,
        sum(units) as units,
        sum(returns) as returns,
        sum(case when is_elapsed then sales else 0 end) as elapsed_sales,
        sum(case when is_elapsed then units else 0 end) as elapsed_units,
        sum(case when is_elapsed then returns else 0 end) as elapsed_returns
    from sales_by_day
    group by product_id, sales_month

),

months_paired as (

    {% for compared_with, months in comparisons.items() -%}
    select
        '{{ compared_with }}' as compared_with,
        sales_month,
        cast(sales_month - interval '{{ months }} month' as date) as base_month
    from days_summed_to_product_month
    union
    select
        '{{ compared_with }}' as compared_with,
        cast(sales_month + interval '{{ months }} month' as date) as sales_month,
        sales_month as base_month
    from days_summed_to_product_month
    {{ "union" if not loop.last }}
    {% endfor %}
),

months_compared as (

    select
        months_paired.compared_with,
        months_paired.sales_month,
        months_paired.base_month,
        months_paired.sales_month = months_at_the_ends.last_month
        and not months_at_the_ends.last_is_whole as goes_on,
        months_paired.base_month = months_at_the_ends.first_month
        and not months_at_the_ends.first_is_whole as begins_late
    from months_paired
    cross join months_at_the_ends
    where
        months_paired.base_month >= months_at_the_ends.first_month
        and months_paired.sales_month <= months_at_the_ends.last_month

),

months_of_both_sides as (

    select
        months_compared.compared_with,
        months_compared.sales_month,
        product_months.product_id,
        product_months.sales,
        product_months.units,
        product_months.returns,
        0 as base_sales,
        0 as base_units,
        0 as base_returns
    from months_compared
    inner join days_summed_to_product_month as product_months
        on months_compared.sales_month = product_months.sales_month
    union all
    {# A month that still goes on is compared with as many days. #}
    select
        months_compared.compared_with,
        months_compared.sales_month,
        product_months.product_id,
        0 as sales,
        0 as units,
        0 as returns,
        case
            when months_compared.goes_on then product_months.elapsed_sales
            else product_months.sales
        end as base_sales,
        case
            when months_compared.goes_on then product_months.elapsed_units
            else product_months.units
        end as base_units,
        case
            when months_compared.goes_on then product_months.elapsed_returns
            else product_months.returns
        end as base_returns
    from months_compared
    inner join days_summed_to_product_month as product_months
        on months_compared.base_month = product_months.sales_month

),

sides_summed_to_product as (

    select
        compared_with,
        sales_month,
        product_id,
        cast(sum(sales) as numeric(18, 2)) as sales,
        cast(sum(units) as bigint) as units,
        cast(sum(returns) as numeric(18, 2)) as returns,
        cast(sum(base_sales) as numeric(18, 2)) as base_sales,
        cast(sum(base_units) as bigint) as base_units,
        cast(sum(base_returns) as numeric(18, 2)) as base_returns
    from months_of_both_sides
    group by compared_with, sales_month, product_id

),

products_revalued as (

    {# This month's units at the base month's price. #}
    select
        *,
        units > 0 and base_units > 0 as is_in_both,
        {{ ratio('base_sales * units', 'base_units', 4) }} as revalued_sales
    from sides_summed_to_product

),

products_summed_to_comparison as (

    select
        compared_with,
        sales_month,
        sum(sales + returns) as net_sales,
        sum(base_sales + base_returns) as base_net_sales,
        cast(sum(case when is_in_both then sales else 0 end) as numeric(18, 2)) as both_sales,
        cast(sum(case when is_in_both then base_sales else 0 end) as numeric(18, 2))
            as both_base_sales,
        cast(sum(case when is_in_both then units else 0 end) as bigint) as both_units,
        cast(sum(case when is_in_both then base_units else 0 end) as bigint) as both_base_units,
        cast(round(sum(case when is_in_both then revalued_sales else 0 end), 2) as numeric(18, 2))
            as revalued_sales,
        sum(case when is_in_both then 0 else sales end) as new_sales,
        sum(case when is_in_both then 0 else base_sales end) as discontinued_sales,
        sum(returns) as returns,
        sum(base_returns) as base_returns
    from products_revalued
    group by compared_with, sales_month

),

comparisons_scaled as (

    {# This month's units at the base month's average price. #}
    select
        *,
        coalesce({{ ratio('both_base_sales * both_units', 'both_base_units', 2) }}, 0)
            as scaled_sales
    from products_summed_to_comparison

),

comparisons_with_what_loads_tell as (

    select
        comparisons_scaled.*,
        what_loads_tell.*
    from comparisons_scaled
    cross join what_loads_tell

),

components_listed as (

    {% for component, amount in components.items() -%}
    select
        compared_with,
        sales_month,
        {{ loop.index }} as component_number,
        '{{ component }}' as component,
        {{ amount }} as amount,
        net_sales,
        base_net_sales
    from comparisons_with_what_loads_tell
    {{ "union all" if not loop.last }}
    {% endfor %}
),

components_described as (

    select
        components_listed.compared_with,
        components_listed.sales_month,
        months_compared.base_month,
        cast(components_listed.component_number as bigint) as component_number,
        components_listed.component,
        cast(components_listed.amount as numeric(18, 2)) as amount,
        cast(components_listed.net_sales as numeric(18, 2)) as net_sales,
        cast(components_listed.base_net_sales as numeric(18, 2)) as base_net_sales,
        not months_compared.goes_on and not months_compared.begins_late as is_complete
    from components_listed
    inner join months_compared
        on
            components_listed.compared_with = months_compared.compared_with
            and components_listed.sales_month = months_compared.sales_month

)

select * from components_described
