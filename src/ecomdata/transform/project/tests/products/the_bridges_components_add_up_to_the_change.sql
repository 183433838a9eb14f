{# Invariant: the components of a pair of months add up to the change of net sales to the cent, and
   the net sales of a month are the ledger's: those of a base month, too, unless it is compared only
   as far as the other one goes. A row is a pair of months that differs. #}
with

bridge as (

    select * from {{ ref('final_sales_bridge') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

last_day_found as (

    select max(entry_date) as last_day
    from ledger

),

entries_summed_to_month as (

    select
        cast(date_trunc('month', entry_date) as date) as sales_month,
        sum(amount) as net_sales
    from ledger
    group by cast(date_trunc('month', entry_date) as date)

),

components_summed as (

    select
        compared_with,
        sales_month,
        base_month,
        net_sales,
        base_net_sales,
        count(*) as number_of_components,
        count(case when amount is null and component <> 'returns' then 1 end) as components_missing,
        sum(amount) as amount
    from bridge
    group by compared_with, sales_month, base_month, net_sales, base_net_sales

)

select components_summed.*
from components_summed
cross join last_day_found
left join entries_summed_to_month as months
    on components_summed.sales_month = months.sales_month
left join entries_summed_to_month as base_months
    on components_summed.base_month = base_months.sales_month
where
    components_summed.amount <> components_summed.net_sales - components_summed.base_net_sales
    or components_summed.number_of_components <> 6
    or components_summed.components_missing > 0
    or components_summed.net_sales <> coalesce(months.net_sales, 0)
    or (
        components_summed.base_net_sales <> coalesce(base_months.net_sales, 0)
        and cast(components_summed.sales_month + interval '1 month' as date) - 1
        <= last_day_found.last_day
    )
