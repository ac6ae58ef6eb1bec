//! Reads Docker's answers about containers.
//!
//! Owns what their fields and states mean. Answers are read as JSON, because engines that speak Docker's API, such as Podman,
//! have states of their own, which bollard's types refuse. An unknown state or field is never an error.

use std::net::Ipv4Addr;

use bollard::errors::Error;
use serde::Serialize;
use serde_json::Value;

use crate::engine::{Container, ContainerState, Labels};

/// The JSON of an answer, also if bollard's types could not read it.
pub(super) fn json<T: Serialize>(answer: Result<T, Error>) -> Result<Value, Error> {
    match answer {
        Ok(answer) => Ok(serde_json::to_value(answer)?),
        Err(Error::JsonDataError {
            message,
            contents,
            column,
        }) => serde_json::from_str(&contents).map_err(|_| Error::JsonDataError {
            message,
            contents,
            column,
        }),
        Err(error) => Err(error),
    }
}

/// A container as the list of containers shows it. The list does not tell the exit code.
pub(super) fn listed(summary: &Value) -> Container {
    let ports = summary["Ports"].as_array();
    let mut public = ports.into_iter().flatten();
    Container {
        id: text(&summary["Id"]),
        name: bare(&text(&summary["Names"][0])),
        state: state(&text(&summary["State"])),
        exit_code: None,
        out_of_memory: false,
        image: text(&summary["Image"]),
        address: address(&summary["NetworkSettings"]["Networks"]),
        port: public.find_map(|port| u16::try_from(port["PublicPort"].as_u64()?).ok()),
        labels: labels(&summary["Labels"]),
    }
}

/// A container as an inspection shows it.
pub(super) fn inspected(answer: &Value) -> Container {
    let (config, network) = (&answer["Config"], &answer["NetworkSettings"]);
    let state = state(&text(&answer["State"]["Status"]));
    let ended = matches!(state, ContainerState::Exited | ContainerState::Dead);
    let code = answer["State"]["ExitCode"].as_i64();
    Container {
        id: text(&answer["Id"]),
        name: bare(&text(&answer["Name"])),
        state,
        exit_code: code.filter(|_| ended),
        out_of_memory: ended && answer["State"]["OOMKilled"] == true,
        image: text(&config["Image"]),
        address: address(&network["Networks"]),
        port: published(&network["Ports"]),
        labels: labels(&config["Labels"]),
    }
}

/// The words of Docker and Podman for the states of a container.
fn state(word: &str) -> ContainerState {
    match word {
        "running" | "stopping" => ContainerState::Running,
        "paused" => ContainerState::Paused,
        "restarting" => ContainerState::Restarting,
        "exited" | "stopped" => ContainerState::Exited,
        "dead" | "removing" => ContainerState::Dead,
        "created" | "configured" | "initialized" | "" => ContainerState::Created,
        unknown => {
            tracing::debug!("unknown container state `{unknown}`, taken for `exited`");
            ContainerState::Exited
        }
    }
}

/// A text, empty if the field is missing or something else.
fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A container's name without the `/` that Docker puts before it.
fn bare(name: &str) -> String {
    name.trim_start_matches('/').to_owned()
}

fn labels(value: &Value) -> Labels {
    let labels = value.as_object().into_iter().flatten();
    labels
        .map(|(key, value)| (key.clone(), text(value)))
        .collect()
}

/// The address that the container has, or else the one that it asks for, in the first network by name.
fn address(networks: &Value) -> Option<Ipv4Addr> {
    let parse = |value: &Value| value.as_str()?.parse().ok();
    let mut networks: Vec<_> = networks.as_object()?.iter().collect();
    networks.sort_by_key(|(name, _)| *name);
    networks.into_iter().find_map(|(_, endpoint)| {
        parse(&endpoint["IPAddress"]).or_else(|| parse(&endpoint["IPAMConfig"]["IPv4Address"]))
    })
}

fn published(ports: &Value) -> Option<u16> {
    let mut bindings = ports.as_object()?.values().filter_map(Value::as_array);
    bindings.find_map(|bindings| {
        let mut bindings = bindings.iter();
        bindings.find_map(|binding| binding["HostPort"].as_str()?.parse().ok())
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json as value;

    use super::*;

    fn refused(contents: &str) -> Error {
        Error::JsonDataError {
            message: "unknown variant".to_owned(),
            contents: contents.to_owned(),
            column: 1,
        }
    }

    #[test]
    fn a_listed_container_has_its_name_state_address_port_and_labels() {
        let container = listed(&value!({
            "Id": "5d0d",
            "Names": ["/lab-a-primary"],
            "State": "running",
            "Image": "postgres:17",
            "Ports": [{ "PrivatePort": 9 }, { "PrivatePort": 5432, "PublicPort": 49153 }],
            "NetworkSettings": { "Networks": { "lab-a": { "IPAddress": "172.18.0.2" } } },
            "Labels": { "dev.replication-lab.lab": "a" },
        }));
        assert_eq!(container.name, "lab-a-primary");
        assert_eq!(container.state, ContainerState::Running);
        assert_eq!(container.address, Some([172, 18, 0, 2].into()));
        assert_eq!(container.port, Some(49153));
        let lab = container.labels.get("dev.replication-lab.lab");
        assert_eq!(lab.map(String::as_str), Some("a"));
    }

    #[test]
    fn an_ended_container_has_its_exit_code_and_the_address_that_it_asks_for() {
        let container = inspected(&value!({
            "Id": "5d0d",
            "Name": "/lab-a-primary",
            "State": { "Status": "exited", "ExitCode": 7 },
            "Config": { "Image": "postgres:17", "Labels": null },
            "NetworkSettings": {
                "Ports": { "5432/tcp": null },
                "Networks": { "lab-a": {
                    "IPAddress": "",
                    "IPAMConfig": { "IPv4Address": "172.18.0.2" },
                } },
            },
        }));
        assert_eq!(container.exit_code, Some(7));
        assert_eq!(container.address, Some([172, 18, 0, 2].into()));
        assert_eq!(container.port, None);
    }

    #[test]
    fn a_running_container_has_the_host_s_port_and_no_exit_code() {
        let container = inspected(&value!({
            "State": { "Status": "running", "ExitCode": 0 },
            "NetworkSettings": {
                "Ports": { "5432/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "49153" }] },
            },
        }));
        assert_eq!((container.exit_code, container.port), (None, Some(49153)));
    }

    #[test]
    fn the_states_of_podman_are_understood_and_an_unknown_one_is_not_running() {
        use ContainerState::{Created, Dead, Exited, Running};
        for (word, expected) in [
            ("stopped", Exited),
            ("stopping", Running),
            ("initialized", Created),
            ("configured", Created),
            ("removing", Dead),
            ("contemplating", Exited),
        ] {
            let container = listed(&value!({ "State": word }));
            assert_eq!(container.state, expected, "{word}");
        }
    }

    #[test]
    fn an_answer_that_bollard_cannot_read_is_read_all_the_same() {
        let answer: Result<(), _> = Err(refused(r#"[{ "Id": "5d", "State": "stopped" }]"#));
        let answer = json(answer).expect("an answer");
        assert_eq!(listed(&answer[0]).id, "5d");
        let broken: Result<(), _> = Err(refused("[{"));
        assert!(matches!(json(broken), Err(Error::JsonDataError { .. })));
    }

    #[test]
    fn fields_of_other_types_are_left_out() {
        let container = listed(&value!({ "Id": 5, "Names": null, "Ports": {}, "Labels": [] }));
        assert_eq!(
            (container.id, container.name),
            (String::new(), String::new())
        );
        assert_eq!(container.port, None);
    }
}
