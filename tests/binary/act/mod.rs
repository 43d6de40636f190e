//! A workflow runner that others wrote (nektos/act): it loads `action.yml` and runs the workflows of
//! the README and of the docs as they stand, with the action's image in the stand-in's world.
//!
//! It can't cancel a job as GitHub does, keeps no `RUNNER_TEMP` between steps, and hands no state to
//! the process after the job. For that, `container.rs` and `workflow.rs` start the container as the
//! runner does; where both can, a test holds that they agree.

mod docs;
mod runner;
mod workflows;
mod worlds;
