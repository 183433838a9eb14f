{{ replaces_changed({'changed_orders': ["coalesce(order_id, '')", 'order_id']}) }}
{%- set changed_orders = changed_keys(['changed_orders', 'order_id']) -%}
{%- set rules = [
    ['missing_id', 'order_id', 'order_id', 'order_id is null'],
    ['missing_id', 'product_id', 'product_id', 'product_id is null'],
    ['invalid_number', 'quantity', 'quantity_text', 'quantity is null'],
    ['invalid_number', 'total_price', 'total_price_text', 'total_price is null'],
    ['invalid_date', 'order_date', 'order_date_text', 'ordered_at is null'],
    [
        'date_out_of_range', 'order_date', 'order_date_text',
        "ordered_at < timestamp '1970-01-01' or ordered_at >= timestamp '2100-01-01'",
    ],
    ['non_positive_quantity', 'quantity', 'quantity_text', 'quantity <= 0'],
    ['number_out_of_range', 'quantity', 'quantity_text', 'quantity >= 100000000'],
    [
        'number_out_of_range', 'total_price', 'total_price_text',
        'total_price < 0 or total_price >= 1000000000000',
    ],
    ['foreign_currency', 'currency', 'currency', 'currency <> shop_currency'],
] -%}

with

orders as (

    {{ raw_rows('orders', 'order_id', ['changed_orders', 'order_id']) }}

),

loads as (

    select * from {{ source('meta', 'loads') }}

),

lines_trimmed as (

    select
        {{ trimmed_columns(
            'orders',
            columns=[
                'order_id', 'customer_id', 'product_id', 'quantity', 'total_price', 'order_date',
                'line_number', 'unit_price', 'discount_amount', 'status', 'currency', 'channel',
            ],
            typed=[
                'quantity', 'total_price', 'order_date', 'line_number', 'unit_price',
                'discount_amount',
            ],
        ) }},
        loads.statement,
        loads.replaced_by,
        loads.identical_lines,
        loads.decimal_mark,
        loads.date_order
    from orders
    inner join loads
        on
            orders._load_id = loads.load_id
            and orders._file = loads.file

),

orders_restated as (

    {{ latest_statements('lines_trimmed', ['order_id']) }}

),

texts_normalised as (

    select
        lines_trimmed.*,
        {{ is_superseded('lines_trimmed', 'orders_restated') }} as is_superseded,
        {{ number_text('quantity_text', 'decimal_mark') }} as quantity_number,
        {{ number_text('total_price_text', 'decimal_mark') }} as total_price_number,
        {{ number_text('unit_price_text', 'decimal_mark') }} as unit_price_number,
        {{ number_text('discount_amount_text', 'decimal_mark') }} as discount_number,
        {{ number_text('line_number_text', 'decimal_mark') }} as line_number_number,
        {{ date_text('order_date_text', 'date_order') }} as order_day,
        {{ minutes_of_day('order_date_text') }} as order_minutes
    from lines_trimmed
    left join orders_restated on lines_trimmed.order_id = orders_restated.order_id

),

values_typed as (

    select
        order_id,
        customer_id,
        product_id,
        {{ whole('quantity_number') }} as quantity,
        {{ money('total_price_number') }} as total_price,
        {{ moment_of(date_of('order_day'), 'order_minutes') }} as ordered_at,
        {{ whole('line_number_number') }} as line_number,
        {{ unit_money('unit_price_number') }} as unit_price,
        {{ money('discount_number') }} as discount_amount,
        lower(status) as status,
        upper(currency) as currency,
        channel,
        quantity_text,
        total_price_text,
        order_date_text,
        line_number_text,
        unit_price_text,
        discount_amount_text,
        identical_lines,
        is_superseded,
        statement,
        raw_fields,
        _load_id,
        _file,
        _line
    from texts_normalised

),

currencies_stated as (

    select
        currency,
        is_superseded
    from values_typed
    {% if only_changes() %}
    union all
    select
        currency,
        is_superseded
    from {{ this }}
    where coalesce(order_id, '') not in ({{ changed_orders }})
    {% endif %}
),

currencies_ranked as (

    select
        currency,
        row_number() over (order by count(*) desc, {{ bytewise('currency') }} asc) as currency_rank
    from currencies_stated
    where
        currency is not null
        and not is_superseded
    group by currency

),

shop_currencies as (

    {# One row always; NULL where no line names a currency, and then no line is foreign. #}
    select
        coalesce(
            nullif('{{ var("shop_currency") }}', ''),
            max(case when currency_rank = 1 then currency end)
        ) as shop_currency
    from currencies_ranked

),

values_judged as (

    select
        values_typed.*,
        {{ first_broken_rule(rules) }}
    from values_typed
    cross join shop_currencies

),

repeats_counted as (

    {# Among good lines only: a refused line does not make its corrected twin a repeat. Within a
       statement: what a later one says again is no repeat. #}
    select
        *,
        row_number() over (
            partition by
                statement,
                rule,
                order_id,
                line_number,
                case
                    when line_number is not null then ''
                    when identical_lines = 'quarantine' then raw_fields
                    else _file || ':' || cast(_line as {{ text_type() }})
                end
            order by {{ bytewise('_file') }}, _line
        ) as repeat_number
    from values_judged

),

repeats_judged as (

    select
        order_id,
        customer_id,
        product_id,
        quantity,
        total_price,
        ordered_at,
        cast(ordered_at as date) as order_date,
        line_number,
        unit_price,
        discount_amount,
        status,
        currency,
        channel,
        line_number_text,
        unit_price_text,
        discount_amount_text,
        is_superseded,
        coalesce(rule, case when repeat_number > 1 then 'duplicate_line' end) as rule,
        coalesce(rule_field, case when repeat_number > 1 then 'order_id' end) as rule_field,
        coalesce(rule_value, case when repeat_number > 1 then order_id end) as rule_value,
        raw_fields,
        _load_id,
        _file,
        _line
    from repeats_counted

)

select * from repeats_judged
