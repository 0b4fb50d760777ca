//! What must change on the dashboard.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Dashboard;
use super::action::Action;
use super::body::{body, written_by};
use crate::resources::function::release::Release;
use crate::resources::kind::{Part, Planned, Setup, Teardown};
use crate::resources::own::own;
use crate::resources::removal::delete;
use crate::resources::{Draft, Kind, Plan, Stage, Verb};
use crate::stack::owns;

impl Planned for Dashboard {
    type Action = Action;

    fn setup(setup: &Setup<'_>, plan: &mut Plan) {
        let stack = setup.stack;
        let is_ours = setup.observed.dashboard.as_ref();
        let is_ours = is_ours.is_some_and(|is| owns(&stack.name, &stack.target.region, &is.tags));
        match stack.dashboard {
            Some(true) => plan_dashboard(setup, plan),
            None if is_ours => plan_dashboard(setup, plan),
            Some(false) if is_ours => {
                let name = stack.dashboard_name();
                let action = Action::Delete { name: name.clone() };
                delete(Stage::Dashboard, Kind::DASHBOARD, &name, true, action, plan);
            }
            _ => {}
        }
    }

    fn teardown(&Teardown { stack, observed, .. }: &Teardown<'_>, plan: &mut Plan) {
        let Some(is) = &observed.dashboard else { return };
        let name = stack.dashboard_name();
        let is_ours = owns(&stack.name, &stack.target.region, &is.tags);
        let action = Action::Delete { name: name.clone() };
        delete(Stage::RemoveAlarms, Kind::DASHBOARD, &name, is_ours, action, plan);
    }
}

fn plan_dashboard(setup: &Setup<'_>, plan: &mut Plan) {
    let part = dashboard(setup, plan);
    plan.refused.extend(part.err());
}

fn dashboard(setup: &Setup<'_>, plan: &mut Plan) -> Part {
    let stack = setup.stack;
    let (name, own_version) = (stack.dashboard_name(), Release::own().version);
    let arn = stack.target.dashboard_arn(&name);
    let Some(is) = &setup.observed.dashboard else {
        let mut draft = Draft::new(Stage::Dashboard, Kind::DASHBOARD, &name, Verb::Create);
        let body = body(setup, &own_version);
        draft.set("widgets", body["widgets"].as_array().map_or(0, Vec::len));
        draft.act(Action::Create { name, arn, body, tags: stack.tags.clone() });
        draft.finish(plan);
        return Ok(());
    };
    let mut draft = Draft::new(Stage::Dashboard, Kind::DASHBOARD, &name, Verb::Update);
    if let Some(tags) = own(&mut draft, stack, &is.tags, setup.adopt)? {
        draft.act(Action::Tag { arn: is.arn.clone(), tags });
    }
    // What a newer version shows stays, or two people with different versions would replace each other's for ever; and
    // a version alone is no change.
    let version = written_by(&is.body).unwrap_or_else(|| own_version.clone());
    let expected = body(setup, &version);
    if version <= own_version && is.body != expected {
        draft.set("restores", differing(&is.body, &expected));
        draft.act(Action::Update { name, body: body(setup, &own_version) });
    }
    draft.finish(plan);
    Ok(())
}

/// The titles of the widgets that only one of the two has, or has in another way.
fn differing(old: &Value, new: &Value) -> String {
    let widgets = |body: &Value| body["widgets"].as_array().cloned().unwrap_or_default();
    let (old, new) = (widgets(old), widgets(new));
    let differs = |of: &[Value], others: &[Value]| -> BTreeSet<String> {
        let other = of.iter().filter(|widget| !others.contains(widget));
        other.map(|widget| widget["properties"]["title"].as_str().unwrap_or("text").to_owned()).collect()
    };
    let titles: BTreeSet<String> = &differs(&old, &new) | &differs(&new, &old);
    match titles.is_empty() {
        true => "the layout".to_owned(),
        false => titles.into_iter().collect::<Vec<_>>().join(", "),
    }
}
