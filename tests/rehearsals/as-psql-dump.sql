--
-- PostgreSQL database dump
--

\restrict K2QzrMDfUmPPFkTkZ5bEoYdM3bVfBk0JZ3PbjRjJcXhQ0G1cYt8uXXeSLbqnBOd

RESET ROLE;
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);
SET default_table_access_method = heap;
CREATE TABLE public.dumped (
    id integer NOT NULL,
    note text
);
COPY public.dumped (id, note) FROM stdin;
1	a;b
2	\N
\.

ALTER TABLE ONLY public.dumped
    ADD CONSTRAINT dumped_pkey PRIMARY KEY (id);

\unrestrict K2QzrMDfUmPPFkTkZ5bEoYdM3bVfBk0JZ3PbjRjJcXhQ0G1cYt8uXXeSLbqnBOd
