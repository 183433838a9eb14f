{{ config(on_schema_change='fail') }}
{{ replaces_changed({
    'changed_customers': {
        'customer_id': public_customer_id('customer_id', '(select salt from meta.salts)'),
    },
}) }}
with

customers as (

    select * from {{ ref('base_customers') }}
    {{ where_changed('customer_id', ['changed_customers', 'customer_id']) }}

),

salts as (

    select * from {{ source('meta', 'salts') }}

),

{{ versions_by_load('customers', 'customer_id', ['country', 'signup_date']) }},

versions_described as (

    select
        {{ public_customer_id('versions.customer_id', 'salts.salt') }} as customer_id,
        cast(versions.version_number as bigint) as version_number,
        coalesce(versions.country, 'Unknown') as country,
        versions.signup_date,
        cast(versions._load_id as bigint) as valid_from_load_id,
        cast(versions.next_load_id as bigint) as valid_to_load_id,
        versions.next_load_id is null as is_current
    from versions
    cross join salts

)

select * from versions_described
