{{ replaces_changed(
    {'changed_orders': ['order_id', 'order_id']},
    indexes={'order_id': 'hash'},
    month_of='order_date',
) }}
{# Nothing goes on before the share of refused records is checked. #}
-- depends_on: {{ ref('quarantine') }}
with

orders as (

    select * from {{ ref('base_orders') }}
    {{ where_changed('order_id', ['changed_orders', 'order_id']) }}

),

lines_accepted as (

    select
        order_id,
        coalesce(
            line_number,
            coalesce(max(line_number) over (partition by order_id), 0)
            + row_number() over (
                partition by order_id, line_number
                order by {{ bytewise('_file') }}, _line
            )
        ) as line_number,
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
    from orders
    where
        rule is null
        and not is_superseded

)

select * from lines_accepted
