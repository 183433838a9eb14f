{%- set fields = [
    ['customers', 'email', 'invalid_email'],
    ['customers', 'signup_date', 'invalid_date'],
    ['products', 'price', 'invalid_number'],
    ['products', 'unit_cost', 'invalid_number'],
    ['orders', 'line_number', 'invalid_number'],
    ['orders', 'unit_price', 'invalid_number'],
    ['orders', 'discount_amount', 'invalid_number'],
] -%}

with

customers as (

    select * from {{ ref('base_customers') }}

),

products as (

    select * from {{ ref('base_products') }}

),

orders as (

    select * from {{ ref('base_orders') }}

),

fields_unreadable as (

    {% for entity, field, rule in fields -%}
    select
        '{{ entity }}' as entity,
        '{{ field }}' as field,
        '{{ rule }}' as rule,
        {{ field }}_text as value,
        _file as file,
        _line as line,
        _load_id as load_id
    from {{ entity }}
    where
        {{ field }} is null
        and {{ field }}_text is not null
        and rule is null
        and not is_superseded
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select * from fields_unreadable
