//! Replicas of the exporter on a shared PostgreSQL.

mod chaos;
mod haproxy;
mod migrate;
mod operation;
mod patroni;
mod relay;
mod replica;
mod servers;
mod shown;
