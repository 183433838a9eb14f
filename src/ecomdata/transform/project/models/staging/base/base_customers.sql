{{ replaces_changed({
    'changed_customers': {"coalesce(customer_id, '')": 'customer_id'},
}) }}
{%- set columns = ['customer_id', 'name', 'email', 'country', 'signup_date'] -%}
{%- set rules = [['missing_id', 'customer_id', 'customer_id', 'customer_id is null']] -%}
{%- set email_shape = "^[^@ ]+@[^@ ]+[.][^@. ]+$" -%}

with

customers as (

    {{ raw_rows('customers', 'customer_id', ['changed_customers', 'customer_id']) }}

),

loads as (

    select * from {{ source('meta', 'loads') }}

),

records_trimmed as (

    select
        {{ trimmed_columns(
            'customers',
            columns=columns,
            typed=['email', 'signup_date'],
        ) }},
        loads.date_order,
        loads.statement,
        loads.replaced_by
    from customers
    inner join loads
        on
            customers._load_id = loads.load_id
            and customers._file = loads.file
    {{ computed_once() }}

),

texts_normalised as (

    select
        *,
        {{ date_text('signup_date_text', 'date_order') }} as signup_day
    from records_trimmed
    {{ computed_once() }}

),

values_typed as (

    select
        customer_id,
        name,
        case when {{ matches('email_text', email_shape) }} then lower(email_text) end as email,
        country,
        {{ date_of('signup_day') }} as signup_date,
        email_text,
        signup_date_text,
        {% for column in columns -%}
        raw_{{ column }},
        {% endfor -%}
        statement,
        replaced_by,
        _load_id,
        _file,
        _line,
        {{ first_broken_rule(rules) }}
    from texts_normalised

),

statements_ranked as (

    {# A customer list restates its customers: the last statement holds. #}
    select
        customer_id,
        name,
        email,
        country,
        signup_date,
        email_text,
        signup_date_text,
        case when rule is not null then {{ raw_fields(columns) }} end as raw_fields,
        statement,
        replaced_by,
        _load_id,
        _file,
        _line,
        rule,
        rule_field,
        rule_value,
        {{ is_restated('customer_id') }} as is_superseded
    from values_typed

)

select * from statements_ranked
