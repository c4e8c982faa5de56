//! Replicas of the exporter on a shared PostgreSQL.

mod servers;
