{# Invariant: over all products, net sales and units of the last 28 days of the data and of the 28
   before are the ledger's. A row is a window that differs. #}
with

products as (

    select * from {{ ref('final_product_performance') }}

),

ledger as (

    select * from {{ ref('int_revenue_ledger') }}

),

last_day_found as (

    select max(entry_date) as last_day
    from ledger

),

entries_aged as (

    select
        ledger.amount,
        ledger.quantity,
        {{ days_between('ledger.entry_date', 'last_day_found.last_day') }} as age_in_days
    from ledger
    cross join last_day_found

),

windows_of_the_ledger as (

    select
        sum(case when age_in_days < 28 then amount else 0 end) as last_net_sales,
        sum(case when age_in_days < 28 then quantity else 0 end) as last_units,
        sum(case when age_in_days between 28 and 55 then amount else 0 end) as prior_net_sales,
        sum(case when age_in_days between 28 and 55 then quantity else 0 end) as prior_units
    from entries_aged

),

windows_of_the_products as (

    {# NULL where the data are too short, in every row or in none. #}
    select
        sum(net_sales_last_28_days) as last_net_sales,
        sum(units_last_28_days) as last_units,
        sum(net_sales_prior_28_days) as prior_net_sales,
        sum(units_prior_28_days) as prior_units
    from products

)

select
    windows_of_the_ledger.*,
    windows_of_the_products.last_net_sales as products_last_net_sales,
    windows_of_the_products.last_units as products_last_units,
    windows_of_the_products.prior_net_sales as products_prior_net_sales,
    windows_of_the_products.prior_units as products_prior_units
from windows_of_the_ledger
cross join windows_of_the_products
where
    windows_of_the_ledger.last_net_sales <> windows_of_the_products.last_net_sales
    or windows_of_the_ledger.last_units <> windows_of_the_products.last_units
    or windows_of_the_ledger.prior_net_sales <> windows_of_the_products.prior_net_sales
    or windows_of_the_ledger.prior_units <> windows_of_the_products.prior_units
