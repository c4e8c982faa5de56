//! The alerts, by the tools of Prometheus and on their whole way to a receiver.

mod tools;
mod whole_way;
