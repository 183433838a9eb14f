{{ replaces_changed(
    {'changed_customers': {'customer_id': 'customer_id'}},
    notes={'changed_accounts': ['customer_id']},
    told=['country', 'signup_date'],
) }}
{# Nothing goes on before the share of refused records is checked. #}
-- depends_on: {{ ref('quarantine') }}
-- depends_on: {% if not execute %}{{ ref('changed_accounts') }}{% endif %}
with

customers as (

    select * from {{ ref('base_customers') }}
    {{ where_changed('customer_id', ['changed_customers', 'customer_id']) }}

),

records_accepted as (

    select
        customer_id,
        name,
        email,
        country,
        signup_date,
        _load_id,
        _file,
        _line
    from customers
    where
        rule is null
        and not is_superseded

)

select * from records_accepted
