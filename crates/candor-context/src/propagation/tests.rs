use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

fn fault(header: &str) -> HeaderFault {
    parent(&[("traceparent", header)]).unwrap_err().fault
}

#[test]
fn a_present_parent_is_read() {
    let read = parent(&[("TraceParent", PARENT), ("tracestate", "a=1"), ("tracestate", "b=2,, c=3")]).unwrap().unwrap();
    assert_eq!(read.trace_id().to_string(), format!("tr-{TRACE}"));
    assert_eq!(read.span_id().to_string(), "00f067aa0ba902b7");
    assert!(read.is_sampled());
    assert_eq!(read.trace_state(), "a=1,b=2,c=3");
    assert_eq!(read.trace_state_error(), None);
}

#[test]
fn an_absent_parent_is_no_error() {
    assert_eq!(parent(&[("tracestate", "a=1")]), Ok(None));
    assert_eq!(baggage(&HashMap::<String, String>::new()), Ok(None));
}

#[test]
fn a_malformed_parent_is_told_with_its_place() {
    let malformed = |offset, expected| HeaderFault::Malformed { offset, expected };
    assert_eq!(fault(""), malformed(0, "2 lowercase hex digits"));
    assert_eq!(fault(&PARENT.replace("00-4", "ff-4")), malformed(0, "a version other than ff"));
    assert_eq!(fault(&PARENT.to_uppercase()), malformed(4, "32 lowercase hex digits"));
    assert_eq!(fault(&PARENT.replace(TRACE, &"0".repeat(32))), malformed(3, "a trace id that is not all zeros"));
    assert_eq!(
        fault(&PARENT.replace("00f067aa0ba902b7", &"0".repeat(16))),
        malformed(36, "a parent id that is not all zeros")
    );
    assert_eq!(fault(&format!("{PARENT}-x")), malformed(55, "the end"));
    assert_eq!(fault(&PARENT.replace("-01", "_01")), malformed(52, "a dash"));
    assert_eq!(fault(&"0".repeat(100_000)), HeaderFault::TooLong { max: 512 });
    let twice = [("traceparent", PARENT), ("traceparent", PARENT)];
    assert_eq!(parent(&twice).unwrap_err().fault, HeaderFault::Repeated);
}

#[test]
fn a_later_version_may_add_to_the_end() {
    let later = format!("{}-extra", PARENT.replace("00-4", "cc-4"));
    assert!(parent(&[("traceparent", later.as_str())]).unwrap().is_some());
    assert!(parent(&[("traceparent", format!("{}x", &later[..55]).as_str())]).is_err());
}

#[test]
fn a_malformed_trace_state_leaves_the_parent_valid() {
    let long = format!("a={}", "x".repeat(600));
    let many = (0..33).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
    for state in ["no member", "=1", &long, &many] {
        let read = parent(&[("traceparent", PARENT), ("tracestate", state)]).unwrap().unwrap();
        assert_eq!(read.trace_state(), "", "{state}");
        assert!(read.trace_state_error().is_some(), "{state}");
    }
}

#[test]
fn baggage_is_decoded() {
    let read = baggage(&[("baggage", "k=a%20b;p=1, tier = gold"), ("baggage", "k2=%C3%A9")]).unwrap().unwrap();
    assert_eq!(read.iter().collect::<Vec<_>>(), [("k", "a b"), ("tier", "gold"), ("k2", "é")]);
}

#[test]
fn oversized_or_malformed_baggage_is_refused() {
    let many = (0..65).map(|n| format!("k{n}=1")).collect::<Vec<_>>().join(",");
    for header in ["novalue", "=1", "k=%ff", "k=a b", &many, &format!("k={}", "x".repeat(9000))] {
        assert!(baggage(&[("baggage", header)]).is_err(), "{header}");
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
        for name in ["traceparent", "tracestate", "baggage"] {
            let mut pairs: Vec<(&str, Vec<u8>)> = values.iter().map(|value| (name, value.clone())).collect();
            let _ = (parent(&pairs), baggage(&pairs));
            pairs.push(("traceparent", PARENT.into()));
            let _ = parent(&pairs);
        }
    }

    #[test]
    fn a_parent_with_a_few_wrong_bytes_is_refused_or_read_in_full(
        bytes in prop::collection::vec((0..55_usize, any::<u8>()), 1..4)
    ) {
        let mut header = PARENT.as_bytes().to_vec();
        for (place, byte) in bytes {
            header[place] = byte;
        }
        if let Ok(Some(read)) = parent(&[("traceparent", header.as_slice())]) {
            let text = String::from_utf8(header).unwrap();
            prop_assert_eq!(read.trace_id().to_string(), format!("tr-{}", &text[3..35]));
            prop_assert_eq!(read.span_id().to_string(), &text[36..52]);
        }
    }

    #[test]
    fn what_is_injected_is_extracted(trace in 1..u128::MAX, span in 1..u64::MAX, sampled: bool, value in "\\PC{0,40}") {
        let header = format!("00-{trace:032x}-{span:016x}-{:02x}", u8::from(sampled));
        let read = parent(&[("traceparent", header.as_str()), ("tracestate", "v=1")]).unwrap().unwrap();
        let context = read.context().with_baggage([opentelemetry::KeyValue::new("k", value.clone())]);
        let mut out = HashMap::new();
        inject(&SpanRef(context), &mut out);
        prop_assert_eq!(parent(&out).unwrap().unwrap(), read);
        let baggage = baggage(&out).unwrap().unwrap();
        prop_assert_eq!(baggage.get("k"), Some(value.as_str()));
    }
}
