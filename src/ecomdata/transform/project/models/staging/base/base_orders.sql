{{ replaces_changed(
    {'changed_orders': {"coalesce(order_id, '')": 'order_id'}},
    month_of='ordered_at',
) }}
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

{%- set columns = [
    'order_id', 'customer_id', 'product_id', 'quantity', 'total_price', 'order_date',
    'line_number', 'unit_price', 'discount_amount', 'status', 'currency', 'channel',
] -%}
{%- set typed = [
    'quantity', 'total_price', 'order_date', 'line_number', 'unit_price', 'discount_amount',
] -%}
{#- Only lines of suspected orders need a window: over all lines, with all that they carry, it was
   the costliest step. -#}
{#- A CTE of all raw rows would be kept as a copy: what is read again and again is the table. -#}
{%- set records = 'changed_records' if not execute or only_changes()
    else source('raw', 'orders') -%}
{%- set groups = {'plain': 'left', 'suspected': 'inner'} -%}

with

{% if not execute or only_changes() -%}
changed_records as (

    {{ raw_rows('orders', 'order_id', ['changed_orders', 'order_id']) }}

),

{% endif -%}
loads as (

    select * from {{ source('meta', 'loads') }}

),

orders_suspected as (

    {{ orders_suspected(records) }}

),

{% for group, join in groups.items() -%}
{{ group }}_orders as (

    select orders.*
    from {{ records }} as orders
    {{ join }} join orders_suspected
        on {{ trimmed('orders.order_id') }} = orders_suspected.order_id
    {{ "where orders_suspected.order_id is null" if group == 'plain' }}

),

{{ group }}_lines_trimmed as (

    select
        {{ trimmed_columns(
            group ~ '_orders',
            columns=columns,
            typed=typed,
        ) }},
        loads.statement,
        loads.replaced_by,
        loads.identical_lines,
        loads.decimal_mark,
        loads.date_order
    from {{ group }}_orders
    inner join loads
        on
            {{ group }}_orders._load_id = loads.load_id
            and {{ group }}_orders._file = loads.file
    {{ computed_once() }}

),

{% endfor -%}
orders_restated as (

    {{ latest_statements('suspected_lines_trimmed', ['order_id']) }}

),

currencies_stated as (

    select
        upper({{ trimmed('orders.currency') }}) as currency,
        1 as votes
    from {{ records }} as orders
    inner join loads
        on
            orders._load_id = loads.load_id
            and orders._file = loads.file
    where loads.replaced_by is null
    union all
    select
        upper(lines.currency) as currency,
        -1 as votes
    from suspected_lines_trimmed as lines
    inner join orders_restated on lines.order_id = orders_restated.order_id
    where
        lines.replaced_by is null
        and lines.statement < orders_restated.latest_statement
    {% if only_changes() %}
    union all
    select
        currency,
        1 as votes
    from {{ this }}
    where
        not is_superseded
        and coalesce(order_id, '') not in ({{ changed_orders }})
    {% endif %}
),

currencies_ranked as (

    select
        currency,
        row_number() over (
            order by sum(votes) desc, {{ bytewise('currency') }} asc
        ) as currency_rank
    from currencies_stated
    where currency is not null
    group by currency
    having sum(votes) > 0

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

{% for group in groups -%}
{{ group }}_texts_normalised as (

    select
        lines.*,
        {{
            is_superseded('lines', 'orders_restated') if group == 'suspected'
            else 'lines.replaced_by is not null'
        }} as is_superseded,
        {{ number_text('quantity_text', 'decimal_mark') }} as quantity_number,
        {{ number_text('total_price_text', 'decimal_mark') }} as total_price_number,
        {{ number_text('unit_price_text', 'decimal_mark') }} as unit_price_number,
        {{ number_text('discount_amount_text', 'decimal_mark') }} as discount_number,
        {{ number_text('line_number_text', 'decimal_mark') }} as line_number_number,
        {{ date_text('order_date_text', 'date_order') }} as order_day,
        {{ minutes_of_day('order_date_text') }} as order_minutes
    from {{ group }}_lines_trimmed as lines
    {% if group == 'suspected' -%}
    left join orders_restated on lines.order_id = orders_restated.order_id
    {% endif -%}
    {{ computed_once() }}

),

{{ group }}_values_typed as (

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
        {% for column in columns -%}
        raw_{{ column }},
        {% endfor -%}
        _load_id,
        _file,
        _line
    from {{ group }}_texts_normalised
    {{ computed_once() }}

),

{{ group }}_values_judged as (

    select
        values_typed.*,
        {{ first_broken_rule(rules) }}
    from {{ group }}_values_typed as values_typed
    cross join shop_currencies
    {{ computed_once() }}

),

{% endfor -%}
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
                    when identical_lines = 'quarantine' then {{ raw_fields(columns) }}
                    else _file || ':' || cast(_line as {{ text_type() }})
                end
            order by {{ bytewise('_file') }}, _line
        ) as repeat_number
    from suspected_values_judged

),

lines_judged as (

    select
        *,
        1 as repeat_number
    from plain_values_judged
    union all
    select * from repeats_counted

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
        case
            when rule is not null or repeat_number > 1 then {{ raw_fields(columns) }}
        end as raw_fields,
        _load_id,
        _file,
        _line
    from lines_judged

)

select * from repeats_judged
