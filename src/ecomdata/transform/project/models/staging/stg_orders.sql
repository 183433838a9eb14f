{{ replaces_changed(
    {'changed_orders': {'order_id': 'order_id'}},
    indexes={'order_id': 'hash'},
    month_of='order_date',
) }}
{# No CTE of order lines: both engines keep a copy of what is read more than once. #}
{%- set orders = '(select * from ' ~ ref('base_orders')
    ~ where_changed('order_id', ['changed_orders', 'order_id']) ~ ') as orders' -%}
{%- set is_accepted = 'rule is null and not is_superseded' %}

{# Nothing goes on before the share of refused records is checked. #}
-- depends_on: {{ ref('quarantine') }}
with

orders_unnumbered as (

    select order_id
    from {{ orders }}
    where
        {{ is_accepted }}
        and line_number is null

),

orders_unnumbered_summed as (

    select
        order_id,
        coalesce(max(line_number), 0) as last_number
    from {{ orders }}
    where
        {{ is_accepted }}
        and order_id in (select orders_unnumbered.order_id from orders_unnumbered)
    group by order_id

),

lines_numbered as (

    {# Most exports number their lines, and these stay in the order in which they came: a day's are
       found without reading all. #}
    select
        *,
        line_number as number
    from {{ orders }}
    where
        {{ is_accepted }}
        and line_number is not null
    union all
    select
        orders.*,
        orders_unnumbered_summed.last_number + row_number() over (
            partition by orders.order_id
            order by {{ bytewise('orders._file') }}, orders._line
        ) as number
    from {{ orders }}
    inner join orders_unnumbered_summed on orders.order_id = orders_unnumbered_summed.order_id
    where
        {{ is_accepted }}
        and orders.line_number is null

),

lines_accepted as (

    select
        order_id,
        number as line_number,
        customer_id,
        product_id,
        quantity,
        unit_price,
        total_price,
        case when discount_amount > 0 then discount_amount else 0 end as discount_amount,
        order_date,
        ordered_at,
        status,
        coalesce(status in ('cancelled', 'canceled', 'void', 'voided'), false) as is_cancelled,
        currency,
        channel,
        _load_id,
        _file,
        _line
    from lines_numbered

)

select * from lines_accepted
