{{ replaces_changed({'changed_orders': {'order_id': 'order_id'}}) }}
{# Nothing goes on before the share of refused records is checked. #}
-- depends_on: {{ ref('quarantine') }}
with

returns as (

    select * from {{ ref('base_returns') }}
    {{ where_changed('order_id', ['changed_orders', 'order_id']) }}

),

lines_accepted as (

    select
        return_id,
        order_id,
        row_number() over (
            partition by order_id
            order by {{ bytewise('return_id') }}, {{ bytewise('_file') }}, _line
        ) as line_number,
        product_id,
        customer_id,
        coalesce(quantity, 0) as quantity,
        refund_amount,
        return_date,
        returned_at,
        reason,
        _load_id,
        _file,
        _line
    from returns
    where
        rule is null
        and not is_superseded

)

select * from lines_accepted
