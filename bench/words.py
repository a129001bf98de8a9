"""The words that generated cases are written with: of the field, of daily speech, and invented names."""

from __future__ import annotations

from random import Random

# Most used first: a word's place decides how often it is drawn.
_CHINESE = """
    的 在 和 终端 物联网 设备 平台 数据 实现 接入 智能 项目 管理 监测 网络 系统 运营 企业 城市 远程 上报 建设
    提供 应用 服务 部署 用户 采集 覆盖 每日 传感器 连接 运行 采用 报警 通过 模组 传输 安全 统一 完成 改造 小区
    供水 水表 燃气表 窄带物联网 能耗 巡检 减少 工单 现场 抄表 电池 信号 基站 车辆 定位 故障 维护 平均 降低 提升
    漏损 街道 社区 烟感 路灯 井盖 停车 工厂 产线 园区 港口 矿山 温度 湿度 压力 流量 电量 阀门 网关 边缘计算
    网络切片 低功耗 实时 可视化 调度 预警 分析 算法 模型 接口 协议 标准 认证 加密 芯片 运营商 集成商 合同 验收
    试点 推广 规模 复制 节省 成本 人工 小时 分钟 昼夜 全天 居民 商户 学校 医院 老人 儿童 宠物 项圈 手环 药品 冷链
    集装箱 托盘 仓库 物流 货物 轨迹 围栏 共享单车 电动车 充电桩 换电柜 支付 收款 音箱 售货机 零售 门店 大棚 土壤
    灌溉 养殖 奶牛 鱼塘 气象 水质 排放 噪声 河道 泵站 管网 水厂 热力 换热站 变压器 配电 光伏 风机 储能 油井 管道
    煤矿 井下 采煤 运输 塔吊 工地 扬尘 桥梁 隧道 边坡 地质 灾害 消防栓 电梯 垃圾桶 公厕 绿化 照明 广告 安防 摄像
    门锁 门磁 家电 空调 冰箱 穿戴 心率 血压 救护 影像 远程会诊 病房 输液 网联 车载 诊断 油耗 驾驶 保险 租赁 机床
    机器人 质检 视觉 能源 碳排放 备件 停机 产能 良率 工序 物料 焊接 喷涂 纺织 钢铁 化工 水泥 造纸 食品 制药 电子
    家具 船舶 航标 渔船 岸桥 堆场 闸口 铁路 车厢 机场 行李 公交 出租 校车 货车 挂车 冷藏 疫苗 血液 档案 文物 景区
    酒店 楼宇 机房 空压机 锅炉
"""
_ENGLISH = """
    the and of to in meters data network devices platform a every city is are with sensors report connected over
    for by operator remote service system cellular from reading readings water daily terminal terminals modules
    gas monitoring installed project smart district field coverage alarms battery customers maintenance was were
    it can staff valve leakage pressure flow electricity usage billing cost reduced hours minutes vehicles
    tracking location fault repair visits inspection manual automatic gateway firmware signal indoor underground
    basements antenna module tariff roaming supplier contract rollout pilot phase scale towns villages households
    utility pumps pipes reservoir treatment plant factory machines production line quality downtime energy
    consumption carbon heating cooling temperature humidity storage warehouse pallets containers cargo logistics
    cold chain vaccines trucks trailers fuel driver insurance bicycles lock scooters charging station lamps
    lighting dimming columns parking bays drivers payment speaker merchants vending retail refrigerator coolers
    bottles shelves cattle collar herd pasture soil irrigation greenhouse weather river level flood drainage
    manhole covers bins waste collection noise dust air emissions chimneys slope landslide bridge tunnel crane
    construction safety helmet miner coal shaft conveyor ventilation port quay yard rail wagons airport luggage
    buses taxi school hospital ward infusion patient ambulance elderly child wristband watch pet smoke detectors
    fire hydrant lift elevator door window camera appliance washing dryer heater thermostat solar panels turbine
    transformer substation feeder outage restoration forecast algorithm dashboard interface protocol encryption
    certificate security slicing latency bandwidth uplink edge computing positioning ranging satellite spectrum
    licence standard acceptance audit warranty lifetime spare
"""
CHINESE, ENGLISH = tuple(_CHINESE.split()), tuple(_ENGLISH.split())

# Said together so often that a phrase finds them.
TOGETHER = {
    "zh": ("远程抄表", "智能水表", "夜间最小流量", "分区计量", "预付费缴费", "健康监护", "主动上报", "异常用水"),
    "en": ("remote meter reading", "low power wide area", "night flow", "over the air update", "field engineers"),
}
RADIO = ("NB-IoT", "LTE-M", "LTE Cat1", "4G", "5G", "RedCap", "Cat.1", "eSIM", "LoRaWAN")
NAMING = (
    "青禾星澜云岭辰望风瑞启屿浦桐麦枢曦杏汇泽松鹭篱柏岚峰湖溪涧渡沙洲湾堤桥舟帆航灯塔石玉琳珂瑶璟琪瑾珑琅"
    "松竹梅兰菊荷莲桂槐榆柳枫杉椿棠樱桃李橘柚檀芷蘅芸萱蕙茗芳菲茵苇荻葭芦蒲棣萝藤蔓雁鹤鸿鹏鹰燕莺雀鹂隼雕鸥"
    "骏骥驰骁鹿麟虎龙凤凰朱丹赤绛橙黄碧翠苍靛紫玄素皓朗晴晖昀昕晓旭晟煦炎焕灿炜熠烁钧铭锐钰锦镇铎铮钊鑫衡"
)
KINDS = {
    "zh": ("物联", "科技", "水务", "燃气", "通信", "智能", "能源", "数据"),
    "en": ("Water", "Gas", "IoT", "Data"),
}
START = ("ve", "lo", "ta", "mi", "ru", "sa", "ke", "no", "bri", "dal", "fen", "gor", "hal", "jun", "pel", "wes")
MIDDLE = ("ra", "ni", "lo", "ve", "do", "ma", "ti", "su", "re", "ba", "co", "li", "na", "pe", "zo", "ga")
END = (
    "nt",
    "dale",
    "ford",
    "rix",
    "mor",
    "ston",
    "vik",
    "len",
    "do",
    "tek",
    "via",
    "num",
    "ra",
    "sky",
    "well",
    "by",
)


def invented(random: Random, lang: str) -> str:
    """A name that nobody bears, out of a store of some ten thousand."""
    if lang == "zh":
        return "".join(random.choices(NAMING, k=3))
    return (random.choice(START) + random.choice(MIDDLE) + random.choice(MIDDLE) + random.choice(END)).title()
