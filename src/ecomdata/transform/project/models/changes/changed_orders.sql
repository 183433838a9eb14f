{# The orders of which a row came, went or counts otherwise, and '' where rows without an order
   went: there is nothing to replace by those that came. Where so many lines did that the shop's
   currency can be another one, all orders. #}
{%- set base_orders = as_last_built('staging', 'base_orders') -%}
{%- set base_returns = as_last_built('staging', 'base_returns') -%}

{% if only_changes() %}
with

rows_changed as (

    select
        {{ trimmed('orders.order_id') }} as order_id,
        {{ trimmed('orders.currency') }} as currency
    from {{ source('raw', 'orders') }} as orders
    where {{ of_changed_files('orders') }}
    union all
    select
        coalesce(base_orders.order_id, '') as order_id,
        base_orders.currency
    from {{ base_orders }} as base_orders
    where {{ of_changed_files('base_orders') }}
    union all
    select
        {{ trimmed('returns.order_id') }} as order_id,
        cast(null as {{ text_type() }}) as currency
    from {{ source('raw', 'returns') }} as returns
    where {{ of_changed_files('returns') }}
    union all
    select
        coalesce(base_returns.order_id, '') as order_id,
        cast(null as {{ text_type() }}) as currency
    from {{ base_returns }} as base_returns
    where {{ of_changed_files('base_returns') }}

),

order_ids as (

    select distinct order_id
    from rows_changed
    where order_id is not null

),

lines_changed as (

    select currency
    from rows_changed
    union all
    select base_orders.currency
    from {{ base_orders }} as base_orders
    inner join order_ids on base_orders.order_id = order_ids.order_id

),

votes as (

    select
        currency,
        count(*) as lines
    from {{ base_orders }}
    where
        currency is not null
        and not is_superseded
    group by currency

),

votes_ranked as (

    select
        lines,
        row_number() over (order by lines desc) as place
    from votes

),

leads as (

    select
        coalesce(max(case when place = 1 then lines end), 0)
        - coalesce(max(case when place = 2 then lines end), 0) as lead
    from votes_ranked

),

votes_at_stake as (

    select count(currency) as lines
    from lines_changed

),

keys_noted as (

    select order_id
    from order_ids
    union
    select base_orders.order_id
    from {{ base_orders }} as base_orders
    cross join leads
    cross join votes_at_stake
    where
        base_orders.order_id is not null
        and votes_at_stake.lines > 0
        and votes_at_stake.lines >= leads.lead
        and '{{ var("shop_currency") }}' = ''

)

select order_id
from keys_noted
except
select order_id from {{ this }}
{% else %}
select cast(null as {{ text_type() }}) as order_id
where 1 = 0
{% endif %}
