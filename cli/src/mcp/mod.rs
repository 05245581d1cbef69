//! `vmaf mcp`: the engine as tools of the Model Context Protocol, over standard input and output.

mod allow;
mod requests;
mod worst;

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use gstvmaftiny::features::NAMES;
use gstvmaftiny::fusion::{DEFAULT_MODEL, DIRECTORY_VARIABLE, Fusion, open_registry};
use gstvmaftiny::report::{Pool, PoolMethod};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::{CallToolResult, ContentBlock, ProgressNotificationParam};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler, ServiceExt, tool, tool_handler, tool_router};
use serde_json::{Value, json};

use crate::report::Report;
use crate::run::{self, Job, Progress};
use allow::Allowed;
use requests::{Compare, ListModels, Score, WorstFrames};

/// Progress is told no more often than this.
const INTERVAL: Duration = Duration::from_millis(200);

/// Serves one client until it hangs up.
///
/// # Errors
/// The standard streams cannot be used, or the client does not speak the protocol.
pub fn serve() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let service = Server { allowed: Allowed::from_environment() };
        let running = service.serve(rmcp::transport::stdio()).await;
        let running = running.map_err(std::io::Error::other)?;
        running.waiting().await.map(drop).map_err(std::io::Error::other)
    })
}

#[derive(Clone)]
struct Server {
    allowed: Allowed,
}

/// The outcome of a tool; a failure's text is for the model to read.
type Outcome = Result<Value, String>;

#[tool_router]
impl Server {
    #[tool(
        description = "Scores a distorted video against its reference with VMAF, frame by frame. \
                       Returns libvmaf's report: frames with features and score, pooled metrics."
    )]
    async fn vmaf_score(
        &self,
        Parameters(request): Parameters<Score>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let with_frames = request.frames;
        self.with_report(request.try_into(), context, move |report| {
            let bytes = report.to_bytes(crate::report::Format::Json).map_err(|e| e.to_string())?;
            let mut value: Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
            if let Some(document) = value.as_object_mut().filter(|_| !with_frames) {
                document.remove("frames");
            }
            Ok(value)
        })
        .await
    }

    #[tool(description = "Lists the models that can be named by id.")]
    async fn list_models(
        &self,
        Parameters(ListModels {}): Parameters<ListModels>,
    ) -> Result<CallToolResult, ErrorData> {
        let directory = std::env::var_os(DIRECTORY_VARIABLE).map(std::path::PathBuf::from);
        Ok(result(open_registry(directory.as_deref()).map_err(|e| e.to_string()).map(|registry| {
            json!({
                "default": DEFAULT_MODEL,
                "models": registry.map(|r| r.models).unwrap_or_default(),
            })
        })))
    }

    #[tool(
        description = "Scores one pair of videos with several models: the features are measured \
                       once. Returns each model's pooled scores."
    )]
    async fn compare_models(
        &self,
        Parameters(Compare { score, models }): Parameters<Compare>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        let Some(first) = models.first().cloned() else {
            return Ok(result(Err("models is empty: name at least one".into())));
        };
        let checked: Result<Vec<String>, String> =
            models.iter().map(|model| self.allowed.model(model)).collect();
        let models = match checked {
            Ok(models) => models,
            Err(problem) => return Ok(result(Err(problem))),
        };
        let job = Job::try_from(score).map(|job| Job { model: first, ..job });
        self.with_report(job, context, move |report| {
            let rows: Result<Vec<Value>, String> =
                models.iter().map(|model| rescored(&report, model)).collect();
            Ok(json!({ "frames": report.frames.len(), "models": rows? }))
        })
        .await
    }

    #[tool(
        description = "Finds the frames with the lowest scores and says in which features they \
                       differ from the rest of the video."
    )]
    async fn describe_worst_frames(
        &self,
        Parameters(WorstFrames { score, count }): Parameters<WorstFrames>,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResult, ErrorData> {
        self.with_report(score.try_into(), context, move |report| {
            Ok(worst::describe(&report, count))
        })
        .await
    }

    /// Scores in a thread of its own, telling the client how it goes, and makes an answer of the
    /// report.
    async fn with_report(
        &self,
        job: Result<Job, String>,
        context: RequestContext<RoleServer>,
        answer: impl FnOnce(Report) -> Outcome + Send + 'static,
    ) -> Result<CallToolResult, ErrorData> {
        let job = match job.and_then(|job| self.allowed.job(job)) {
            Ok(job) => job,
            Err(problem) => return Ok(result(Err(problem))),
        };
        let (tell, mut told) = tokio::sync::mpsc::unbounded_channel::<ProgressNotificationParam>();
        let token = context.meta.get_progress_token();
        let cancelled = context.ct.clone();
        let work = tokio::task::spawn_blocking(move || {
            let mut last: Option<Instant> = None;
            let mut observe = |now: &Progress| {
                if let Some(token) = token.as_ref().filter(|_| due(&mut last, now)) {
                    let mut notice =
                        ProgressNotificationParam::new(token.clone(), now.frames as f64)
                            .with_message(format!("vmaf {:.2}", now.mean));
                    notice.total = now.total.map(|n| n as f64);
                    // the client may have hung up
                    let _ = tell.send(notice);
                }
                match cancelled.is_cancelled() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            };
            run::score(&job, &mut observe).map_err(|e| e.to_string()).and_then(answer)
        });
        // ends when the thread has dropped its end
        while let Some(notice) = told.recv().await {
            // a client that has hung up needs no notice
            let _ = context.peer.notify_progress(notice).await;
        }
        let outcome = work.await.map_err(|e| ErrorData::internal_error(e.to_string(), None))?;
        Ok(result(outcome))
    }
}

#[tool_handler(
    name = "vmaf",
    instructions = "Measures the quality of a distorted video against its reference. Files must \
                    lie in the directories that VMAF_MCP_ALLOW names."
)]
impl ServerHandler for Server {}

fn result(outcome: Outcome) -> CallToolResult {
    match outcome {
        Ok(value) => CallToolResult::structured(value),
        Err(problem) => CallToolResult::error(vec![ContentBlock::text(problem)]),
    }
}

/// Whether it is time to tell again: at first, every [`INTERVAL`], and at the end.
fn due(last: &mut Option<Instant>, now: &Progress) -> bool {
    let due = Some(now.frames) == now.total || last.is_none_or(|last| last.elapsed() >= INTERVAL);
    if due {
        *last = Some(Instant::now());
    }
    due
}

/// Another model's pooled scores, from the features of a report.
fn rescored(report: &Report, model: &str) -> Outcome {
    let mut fusion = Fusion::open(model, &NAMES).map_err(|e| e.to_string())?;
    let info = fusion.info().clone();
    let mut pool = Pool::new(info.range.low, info.range.high);
    for frame in &report.frames {
        pool.add(fusion.score(&frame.measured.values).map_err(|e| e.to_string())?.value);
    }
    let pooled = pool.pooled(PoolMethod::Mean).ok_or("there are no frames")?;
    Ok(json!({
        "name": info.id,
        "sha256": info.sha256,
        "quantization": info.quant_mode.as_str(),
        "vmaf": {
            "mean": pooled.mean, "harmonic_mean": pooled.harmonic_mean,
            "min": pooled.min, "max": pooled.max, "stddev": pooled.stddev,
        },
    }))
}
