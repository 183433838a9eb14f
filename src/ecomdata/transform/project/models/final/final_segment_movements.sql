with

scored as (

    select * from {{ ref('int_customers_scored') }}

),

customers_summed_to_movement as (

    select
        segment_before,
        segment,
        segment_number_before,
        segment_number,
        before_date,
        as_of_date,
        count(*) as customers,
        sum(net_sales_before) as net_sales_before,
        sum(net_sales) as net_sales
    from scored
    where segment_before is not null
    group by
        segment_before,
        segment,
        segment_number_before,
        segment_number,
        before_date,
        as_of_date

),

differences_added as (

    select
        segment_before,
        segment,
        cast(segment_number_before as bigint) as segment_number_before,
        cast(segment_number as bigint) as segment_number,
        before_date,
        as_of_date,
        cast(customers as bigint) as customers,
        cast(net_sales_before as numeric(18, 2)) as net_sales_before,
        cast(net_sales as numeric(18, 2)) as net_sales,
        cast(net_sales - net_sales_before as numeric(18, 2)) as net_sales_between
    from customers_summed_to_movement

)

select * from differences_added
