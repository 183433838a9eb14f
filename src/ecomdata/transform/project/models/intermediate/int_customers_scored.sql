{# A quarter, one of the report's own periods: long enough for a habit to show, and the same number
   of days at any time of the year, which a month is not. #}
{%- set days_looked_back = 90 -%}
{# Of each measure its column, the order from the worst on, which of two is worse, and the score. #}
{%- set measures = [
    ['days_since_last_order', 'desc', 'max', 'recency'],
    ['orders', 'asc', 'min', 'frequency'],
    ['net_sales', 'asc', 'min', 'monetary'],
] -%}
{# No CTE of orders or ledger: both engines keep a copy of what is read twice. #}
{%- set orders = ref('int_orders_classified') ~ ' as orders' -%}
{%- set ledger = ref('int_revenue_ledger') ~ ' as ledger' %}

with

customers as (

    select * from {{ ref('int_customer_behavior') }}

),

segment_ranges as (
    {{ segment_ranges() }}
),

first_orders as (

    select min(first_order_date) as first_order_date
    from customers

),

last_days as (

    select max(ledger.entry_date) as last_day from {{ ledger }}

),

days_looked_at as (

    {# A day before anybody's first order says nothing about anybody. #}
    select
        last_days.last_day as as_of_date,
        case
            when first_orders.first_order_date <= last_days.last_day - {{ days_looked_back }}
                then last_days.last_day - {{ days_looked_back }}
        end as before_date
    from last_days
    cross join first_orders
    where first_orders.first_order_date is not null

),

orders_counted_since as (

    {# What was before is what is now less what came since: the last quarter is read, not all of
       history. #}
    select
        orders.customer_id,
        count(*) as orders
    from {{ orders }}
    cross join days_looked_at
    where
        orders.customer_id is not null
        and not orders.is_cancelled
        and orders.order_date > days_looked_at.before_date
    group by orders.customer_id

),

last_orders_before as (

    {# Of those who ordered since. The last order of the others is the one of now. #}
    select
        orders.customer_id,
        max(orders.order_date) as last_order_date
    from {{ orders }}
    inner join orders_counted_since on orders.customer_id = orders_counted_since.customer_id
    cross join days_looked_at
    where
        not orders.is_cancelled
        and orders.order_date <= days_looked_at.before_date
    group by orders.customer_id

),

entries_summed_since as (

    select
        ledger.customer_id,
        sum(ledger.amount) as net_sales
    from {{ ledger }}
    cross join days_looked_at
    where
        ledger.customer_id is not null
        and ledger.entry_date > days_looked_at.before_date
    group by ledger.customer_id

),

customers_looked_at as (

    select
        customers.customer_id,
        customers.orders,
        customers.net_sales,
        customers.days_since_last_order,
        days_looked_at.as_of_date,
        days_looked_at.before_date,
        case
            when days_looked_at.before_date is null then 0
            else customers.orders - coalesce(orders_counted_since.orders, 0)
        end as orders_before,
        case
            when days_looked_at.before_date is null then 0
            else customers.net_sales - coalesce(entries_summed_since.net_sales, 0)
        end as net_sales_before,
        case
            when orders_counted_since.customer_id is not null
                then {{ days_between(
                    'last_orders_before.last_order_date', 'days_looked_at.before_date'
                ) }}
            when days_looked_at.before_date is not null
                then customers.days_since_last_order - {{ days_looked_back }}
        end as days_since_last_order_before
    from customers
    cross join days_looked_at
    left join orders_counted_since on customers.customer_id = orders_counted_since.customer_id
    left join last_orders_before on customers.customer_id = last_orders_before.customer_id
    left join entries_summed_since on customers.customer_id = entries_summed_since.customer_id

),

{% for value, worse_first, worst, cutoff in measures -%}
{{ cutoff }}_values_counted as (

    select
        {{ value }} as value,
        count(*) as buyers
    from customers_looked_at
    where orders > 0
    group by {{ value }}

),

{{ cutoff }}_values_ranked as (

    select
        value,
        sum(buyers) over () as buyers,
        sum(buyers) over (order by value {{ worse_first }}) - buyers as worse
    from {{ cutoff }}_values_counted

),

{{ cutoff }}_cutoffs as (

    select {{ score_cutoffs('value', 'worse', 'buyers', worst, cutoff) }}
    from {{ cutoff }}_values_ranked

),

{% endfor -%}
cutoffs_found as (

    select
        recency_cutoffs.*,
        frequency_cutoffs.*,
        monetary_cutoffs.*
    from recency_cutoffs
    cross join frequency_cutoffs
    cross join monetary_cutoffs

),

customers_scored as (

    {# The scale of now for the day before, too: a customer moves by what they do or leave undone.
       On a scale of its own, one customer more with a single order can change the score of
       everybody with two. #}
    select
        customers_looked_at.*,
        {{ score_from_cutoffs('days_since_last_order', 'recency', '<=') }} as recency_score,
        {{ score_from_cutoffs('orders', 'frequency', '>=') }} as frequency_score,
        {{ score_from_cutoffs('net_sales', 'monetary', '>=') }} as monetary_score,
        {{ score_from_cutoffs('days_since_last_order_before', 'recency', '<=') }}
            as recency_score_before,
        {{ score_from_cutoffs('orders_before', 'frequency', '>=') }} as frequency_score_before,
        {{ score_from_cutoffs('net_sales_before', 'monetary', '>=') }} as monetary_score_before
    from customers_looked_at
    cross join cutoffs_found

),

scores_of_buyers_kept as (

    select
        customer_id,
        as_of_date,
        days_since_last_order,
        orders,
        net_sales,
        before_date,
        case when before_date is not null then net_sales_before end as net_sales_before,
        case when orders > 0 then recency_score else 0 end as recency_score,
        case when orders > 0 then frequency_score else 0 end as frequency_score,
        case when orders > 0 then monetary_score else 0 end as monetary_score,
        case when orders_before > 0 then recency_score_before else 0 end as recency_score_before,
        case when orders_before > 0 then frequency_score_before else 0 end
            as frequency_score_before,
        case when orders_before > 0 then monetary_score_before else 0 end as monetary_score_before
    from customers_scored

),

scores_found as (

    select
        recency_score,
        frequency_score,
        monetary_score
    from scores_of_buyers_kept
    union
    select
        recency_score_before as recency_score,
        frequency_score_before as frequency_score,
        monetary_score_before as monetary_score
    from scores_of_buyers_kept

),

scores_named as (

    select
        scores_found.*,
        segment_ranges.segment_number,
        segment_ranges.segment
    from scores_found
    inner join segment_ranges
        on
            scores_found.recency_score
            between segment_ranges.lowest_recency and segment_ranges.highest_recency
            and scores_found.frequency_score
            between segment_ranges.lowest_frequency and segment_ranges.highest_frequency
            and scores_found.monetary_score
            between segment_ranges.lowest_monetary and segment_ranges.highest_monetary

),

customers_named as (

    select
        customers.customer_id,
        customers.as_of_date,
        customers.days_since_last_order,
        customers.orders,
        customers.net_sales,
        names.segment_number,
        names.segment,
        customers.before_date,
        names_before.segment_number as segment_number_before,
        names_before.segment as segment_before,
        cast(customers.net_sales_before as numeric(18, 2)) as net_sales_before,
        cast(nullif(customers.recency_score, 0) as bigint) as recency_score,
        cast(nullif(customers.frequency_score, 0) as bigint) as frequency_score,
        cast(nullif(customers.monetary_score, 0) as bigint) as monetary_score
    from scores_of_buyers_kept as customers
    left join scores_named as names
        on
            customers.recency_score = names.recency_score
            and customers.frequency_score = names.frequency_score
            and customers.monetary_score = names.monetary_score
    left join scores_named as names_before
        on
            customers.before_date is not null
            and customers.recency_score_before = names_before.recency_score
            and customers.frequency_score_before = names_before.frequency_score
            and customers.monetary_score_before = names_before.monetary_score

)

select * from customers_named
