{{ replaces_changed({'changed_orders': {"coalesce(order_id, '')": 'order_id'}}) }}
{%- set rules = [
    ['missing_id', 'order_id', 'order_id', 'order_id is null'],
    ['missing_id', 'product_id', 'product_id', 'product_id is null'],
    [
        'invalid_number', 'quantity', 'quantity_text',
        'quantity is null and quantity_text is not null',
    ],
    ['invalid_number', 'refund_amount', 'refund_amount_text', 'refund_amount is null'],
    ['invalid_date', 'return_date', 'return_date_text', 'returned_at is null'],
    [
        'date_out_of_range', 'return_date', 'return_date_text',
        "returned_at < timestamp '1970-01-01' or returned_at >= timestamp '2100-01-01'",
    ],
    ['non_positive_quantity', 'quantity', 'quantity_text', 'quantity <= 0'],
    ['number_out_of_range', 'quantity', 'quantity_text', 'quantity >= 100000000'],
    [
        'number_out_of_range', 'refund_amount', 'refund_amount_text',
        'refund_amount < 0 or refund_amount >= 1000000000000',
    ],
] -%}
{%- set columns = [
    'order_id', 'product_id', 'quantity', 'refund_amount', 'return_date', 'return_id',
    'reason', 'customer_id',
] -%}

with

returns as (

    {{ raw_rows('returns', 'order_id', ['changed_orders', 'order_id']) }}

),

loads as (

    select * from {{ source('meta', 'loads') }}

),

orders as (

    select * from {{ ref('base_orders') }}
    {{ where_changed('order_id', ['changed_orders', 'order_id']) }}

),

orders_dated as (

    select
        order_id,
        min(ordered_at) as ordered_at,
        min({{ bytewise('customer_id') }}) as customer_id
    from orders
    where
        rule is null
        and not is_superseded
        and order_id in (select {{ trimmed('returns.order_id') }} from returns)
    group by order_id

),

lines_trimmed as (

    select
        {{ trimmed_columns(
            'returns',
            columns=columns,
            typed=['quantity', 'refund_amount', 'return_date'],
        ) }},
        loads.statement,
        loads.replaced_by,
        loads.identical_lines,
        loads.decimal_mark,
        loads.date_order
    from returns
    inner join loads
        on
            returns._load_id = loads.load_id
            and returns._file = loads.file

),

returns_restated as (

    {{ latest_statements('lines_trimmed', ['order_id', 'return_id']) }}

),

texts_normalised as (

    select
        lines_trimmed.*,
        {{ is_superseded('lines_trimmed', 'returns_restated') }} as is_superseded,
        {{ number_text('quantity_text', 'decimal_mark') }} as quantity_number,
        {{ number_text('refund_amount_text', 'decimal_mark') }} as refund_amount_number,
        {{ date_text('return_date_text', 'date_order') }} as return_day,
        {{ minutes_of_day('return_date_text') }} as return_minutes
    from lines_trimmed
    left join returns_restated
        on
            lines_trimmed.order_id = returns_restated.order_id
            and lines_trimmed.return_id is not distinct from returns_restated.return_id
    {{ computed_once() }}

),

values_typed as (

    {# A return that bears no date stands on its order's day; who returned is who bought. #}
    select
        texts_normalised.return_id,
        texts_normalised.order_id,
        texts_normalised.product_id,
        texts_normalised.reason,
        texts_normalised.quantity_text,
        texts_normalised.refund_amount_text,
        texts_normalised.return_date_text,
        texts_normalised.identical_lines,
        texts_normalised.is_superseded,
        texts_normalised.statement,
        {% for column in columns -%}
        texts_normalised.raw_{{ column }},
        {% endfor -%}
        texts_normalised._load_id,
        texts_normalised._file,
        texts_normalised._line,
        coalesce(texts_normalised.customer_id, orders_dated.customer_id) as customer_id,
        {{ whole('texts_normalised.quantity_number') }} as quantity,
        {{ money('texts_normalised.refund_amount_number') }} as refund_amount,
        case
            when texts_normalised.return_date_text is null then orders_dated.ordered_at
            else {{ moment_of(
                date_of('texts_normalised.return_day'), 'texts_normalised.return_minutes'
            ) }}
        end as returned_at
    from texts_normalised
    left join orders_dated on texts_normalised.order_id = orders_dated.order_id
    {{ computed_once() }}

),

values_judged as (

    select
        *,
        {{ first_broken_rule(rules) }}
    from values_typed

),

repeats_counted as (

    select
        *,
        row_number() over (
            partition by
                statement,
                rule,
                order_id,
                return_id,
                case
                    when identical_lines = 'quarantine' then {{ raw_fields(columns) }}
                    else _file || ':' || cast(_line as {{ text_type() }})
                end
            order by {{ bytewise('_file') }}, _line
        ) as repeat_number
    from values_judged

),

repeats_judged as (

    select
        return_id,
        order_id,
        product_id,
        customer_id,
        quantity,
        refund_amount,
        returned_at,
        cast(returned_at as date) as return_date,
        reason,
        is_superseded,
        coalesce(rule, case when repeat_number > 1 then 'duplicate_line' end) as rule,
        coalesce(rule_field, case when repeat_number > 1 then 'return_id' end) as rule_field,
        coalesce(rule_value, case when repeat_number > 1 then return_id end) as rule_value,
        case
            when rule is not null or repeat_number > 1 then {{ raw_fields(columns) }}
        end as raw_fields,
        _load_id,
        _file,
        _line
    from repeats_counted

)

select * from repeats_judged
