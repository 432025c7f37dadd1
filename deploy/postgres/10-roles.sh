#!/bin/sh
# Runs once, when the database's folder is empty. Four people of different rights: the superuser, who is not used
# again; the owner, who migrates; the services, whom row-level security holds back; and Alloy, who reads statistics.
set -eu
psql --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --dbname=postgres \
    --set=owner_password="$OWNER_PASSWORD" --set=service_password="$SERVICE_PASSWORD" \
    --set=monitor="$DATABASE_USER" --set=monitor_password="$DATABASE_PASSWORD" --set=name="$DATABASE_NAME" <<'SQL'
CREATE ROLE muster_app NOLOGIN;
CREATE ROLE muster_owner LOGIN PASSWORD :'owner_password' IN ROLE muster_app;
CREATE ROLE muster LOGIN PASSWORD :'service_password' IN ROLE muster_app;
CREATE ROLE :"monitor" LOGIN PASSWORD :'monitor_password' IN ROLE pg_monitor;
CREATE DATABASE :"name" OWNER muster_owner;
REVOKE ALL ON DATABASE :"name" FROM PUBLIC;
GRANT CONNECT ON DATABASE :"name" TO muster, :"monitor";
\connect :"name"
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT ALL ON SCHEMA public TO muster_owner;
CREATE EXTENSION pg_stat_statements;
SQL
