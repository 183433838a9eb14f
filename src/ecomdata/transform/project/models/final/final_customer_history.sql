with

customers as (

    select * from {{ ref('base_customers') }}

),

{{ versions_by_load('customers', 'customer_id', ['country', 'signup_date']) }},

versions_described as (

    select
        customer_id,
        cast(version_number as bigint) as version_number,
        coalesce(country, 'Unknown') as country,
        signup_date,
        cast(_load_id as bigint) as valid_from_load_id,
        cast(next_load_id as bigint) as valid_to_load_id,
        next_load_id is null as is_current
    from versions

)

select * from versions_described
